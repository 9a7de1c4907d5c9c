"""The sheet with the recovery key, handed to a printer and kept nowhere."""

import subprocess
import sys
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

_PATIENCE_S = 20.0


def print_key(key: str, clinic: str, *, command: Sequence[str] = ("lp",)) -> tuple[bool, str]:
    """Whether a printer took it, and a sentence. Waits for the printer: never on the thread of the windows.

    The usual printers of this program keep a copy of what they cannot print; this paper must not lie about.
    """
    by_hand = _tr("Write the key down by hand.")
    if sys.platform == "win32":
        return False, _tr(
            "Here the key cannot be printed without leaving a copy on the disk."
        ) + " " + by_hand
    pdf = key_sheet_pdf(key, clinic)
    try:
        done = subprocess.run([*command], input=pdf, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 - the system's own program, no shell
    except (OSError, subprocess.TimeoutExpired):
        return False, _tr("This machine has no printer that answers.") + " " + by_hand
    if done.returncode:
        answer = done.stderr.decode("utf-8", "replace").strip() or str(done.returncode)
        return False, _tr("The printer refused it ({answer}).").format(answer=answer) + " " + by_hand
    return True, _tr("The sheet was sent to the printer. Fetch it at once.")


def key_sheet_pdf(key: str, clinic: str) -> bytes:
    """One page A4."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing.bills import A4  # noqa: PLC0415 - see above
    from hms_desktop.printing.blocks import Block, Gap, Pair, Rule, Text  # noqa: PLC0415 - as above
    from hms_desktop.printing.fonts import Weight  # noqa: PLC0415 - as above
    from hms_desktop.printing.sheet import compose  # noqa: PLC0415 - as above
    from hms_desktop.printing.words import Words  # noqa: PLC0415 - as above

    title = _tr("Recovery key")
    opens = _tr(
        "This key opens the backups of the clinic. Nobody can open them without it: neither the maker of "
        "the program nor the server itself has it."
    )
    keep = _tr(
        "Keep one copy in the clinic's safe and one in another building. Do not photograph it, and do not "
        "store it on the server or on the disk with the backups: whoever has both can read every record."
    )
    body: list[Block] = [
        Text(text=title, size_pt=20, weight=Weight.BOLD),
        Rule(),
        Pair(label=_tr("Clinic"), value=clinic, size_pt=11),
        Gap(height_mm=6),
        Text(text=key, size_pt=18, weight=Weight.BOLD),
        Gap(height_mm=6),
        *(Text(text=sentence, size_pt=11) for sentence in (opens, keep)),
    ]
    return compose(A4, body, title=title, page_words=Words().page)


def _tr(text: str) -> str:
    return QCoreApplication.translate("server_setup", text)
