"""Printing gets ready ahead of the first label, and costs the start nothing."""

import subprocess
import sys


def test_the_library_for_pdfs_is_loaded_by_getting_ready_and_not_by_the_start() -> None:
    """Whoever starts does not wait for it; whoever prints finds it with its fonts."""
    program = (
        "import sys; import hms_desktop.app; assert 'reportlab' not in sys.modules;"
        "from hms_desktop.printing.ready import get_ready; get_ready();"
        "from reportlab.pdfbase import pdfmetrics;"
        "sys.exit('Inter-Regular' not in pdfmetrics.getRegisteredFontNames())"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 0
