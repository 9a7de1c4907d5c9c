"""The sheet with the recovery key: a printer takes it, or the person writes; no copy stays."""

import sys
from pathlib import Path

import pypdfium2

from hms_desktop.server_setup.papers import key_sheet_pdf, print_key

KEY = "ZTVR3-06QAM-6V4FJ-BW55K-YY04E-M2VTP"


def test_the_key_stands_on_one_page() -> None:
    document = pypdfium2.PdfDocument(key_sheet_pdf(KEY, "Unity Clinic"))
    text = document[0].get_textpage().get_text_range()

    assert len(document) == 1
    assert KEY in text
    assert "Unity Clinic" in text
    document.close()


def test_a_printer_takes_it_from_memory(tmp_path: Path) -> None:
    """Never from a file of its own."""
    taken = tmp_path / "taken.pdf"
    copy = f"import sys, pathlib; pathlib.Path({str(taken)!r}).write_bytes(sys.stdin.buffer.read())"

    ok, sentence = print_key(KEY, "Unity", command=(sys.executable, "-c", copy))

    assert ok
    assert "Fetch it at once" in sentence
    assert taken.read_bytes().startswith(b"%PDF")


def test_without_a_printer_it_is_written_by_hand(tmp_path: Path) -> None:
    ok, sentence = print_key(KEY, "Unity", command=(str(tmp_path / "no-lp"),))

    assert not ok
    assert "by hand" in sentence


def test_a_refusal_is_told() -> None:
    refuse = "import sys; sys.exit('lp: no default destination')"

    ok, sentence = print_key(KEY, "Unity", command=(sys.executable, "-c", refuse))

    assert not ok
    assert "no default destination" in sentence
    assert KEY not in sentence
