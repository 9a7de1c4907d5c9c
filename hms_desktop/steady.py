"""How the interpreter has to run so that the window never waits for it."""

import gc
import sys

SWITCH_S = 0.0001
"""So long the thread of the windows waits at most for each time that another thread computes.

Drawing one list changes some hundred times between Qt and Python, and may wait each time: the usual 5 ms
would add up to half a second while a label is being drawn.
"""


def keep_steady() -> None:
    """To be called once, when the program's modules are loaded and nothing is shown yet.

    What is loaded stays until the end. Searched for garbage with everything else, it would hold the window
    up for 60 ms every few minutes.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()
