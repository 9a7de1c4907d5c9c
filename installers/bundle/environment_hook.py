"""Runs first in every bundle: programs of the system that it starts must not find the bundle's libraries."""

import os

NAME = "LD_LIBRARY_PATH"
KEPT = f"{NAME}_ORIG"
ANEW = "PYINSTALLER_RESET_ENVIRONMENT"

if NAME in os.environ:
    # Our folder, put there by the starter: this process has read it. One of ours that it starts, such as the
    # helper for passwords, has to be told to set it anew: it would take our libraries to be in reach already.
    os.environ[ANEW] = "1"
    before = os.environ.pop(KEPT, "")
    if before:
        os.environ[NAME] = before
    else:
        del os.environ[NAME]
