"""Runs first in every bundle: programs of the system that it starts must not find the bundle's libraries."""

import os

NAME = "LD_LIBRARY_PATH"
KEPT = f"{NAME}_ORIG"

if NAME in os.environ:
    # Our folder, put there by the starter: this process has read it, and another one of ours sets it anew.
    before = os.environ.pop(KEPT, "")
    if before:
        os.environ[NAME] = before
    else:
        del os.environ[NAME]
