"""Lists for spreadsheets keep every letter, whatever the machine's own encoding is."""

import io
import sys
from pathlib import Path

import pytest

from hms_server.console.spreadsheet import MARK, PIPE, FileUnfit, read, write

LIST = "code,what,price NGN\npara-500,Paracétamol ₦ – ẹ̀kọ́,1\n"


def test_what_is_sent_to_a_file_keeps_its_letters_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code page knows neither the mark that spreadsheets look for, nor these letters."""
    sent = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(sent, encoding="cp1252", newline="\n"))

    write(PIPE, LIST)
    sys.stdout.flush()

    assert sent.getvalue().decode() == MARK + LIST


def test_what_comes_back_from_a_file_keeps_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    brought = io.BytesIO((MARK + LIST).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(brought, encoding="cp1252"))

    assert read(PIPE) == MARK + LIST


def test_another_encoding_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    brought = io.BytesIO("code,Paracétamol".encode("cp1252"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(brought, encoding="cp1252"))

    with pytest.raises(FileUnfit, match="save it as CSV in UTF-8"):
        read(PIPE)


def test_a_folder_that_takes_nothing_is_said_with_the_way_round_it(tmp_path: Path) -> None:
    """An installed command works as the server's user, who may write next to nowhere."""
    with pytest.raises(FileUnfit, match=r"cannot be written: .*“export - > prices\.csv”"):
        write(tmp_path / "gone" / "prices.csv", LIST)
