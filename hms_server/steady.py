"""How the interpreter has to run so that no request waits for it."""

import gc
import sys

from hms_server.consultations.diagnoses import diagnosis_index
from hms_server.prescribing.interactions import interaction_table

SWITCH_EVERY_S = 0.0005
"""A request changes threads twice; where one thread computes, Python's own 5 ms would be added each time."""


def keep_steady() -> None:
    """To be called once, when what the program needs is loaded and nobody is served yet.

    What is loaded stays until the end. Searched for garbage with the rest, it would hold every request up for
    a tenth of a second.
    """
    sys.setswitchinterval(SWITCH_EVERY_S)
    gc.collect()
    gc.freeze()


def read_reference() -> None:
    """Builds what the first doctor of the day would otherwise wait for; it stays as well."""
    gc.disable()
    try:
        diagnosis_index()
        interaction_table()
    finally:
        gc.freeze()
        gc.enable()
