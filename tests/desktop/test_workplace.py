"""The file of a workplace: whole or not at all, private, and never lost when it is damaged."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.printing.printer import CommandPrinter, FolderPrinter, PrintKind
from hms_desktop.workplace import (
    FILE_NAME,
    Place,
    PrintTo,
    PrintWay,
    ScanEnd,
    ScreenAccount,
    Wedge,
    Workplace,
    WorkplacePrinter,
    keep_workplace,
    load_workplace,
    printer_of,
)

PDF = b"%PDF-1.4 not looked into"
FULL = Workplace(
    place=Place.DOCTOR,
    room="Room 2",
    labels=PrintTo(way=PrintWay.PRINTER, printer="Zebra ZD220"),
    receipts=PrintTo(way=PrintWay.FILE),
    scanner=Wedge(prefix="]C1", end=ScanEnd.TAB, gap_ms=21),
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    keep_workplace(tmp_path / "not yet there", FULL)

    found = load_workplace(tmp_path / "not yet there")

    assert (found.workplace, found.trouble) == (FULL, "")


def test_before_the_first_start_everything_is_usual(tmp_path: Path) -> None:
    found = load_workplace(tmp_path)

    assert (found.workplace, found.trouble) == (Workplace(), "")
    assert found.workplace.prints(PrintKind.LABEL) == PrintTo()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"place": "moon"}', b'{"room": 7}', b'{"scanner": {"end": "bell"}}'],
)
def test_a_damaged_file_is_one_sentence_and_lies_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    found = load_workplace(tmp_path)
    keep_workplace(tmp_path, FULL)

    aside = tmp_path / "workplace-damaged-1.json"
    assert found.workplace == Workplace()
    assert str(aside) in found.trouble
    assert aside.read_bytes() == content
    assert load_workplace(tmp_path).workplace == FULL


def test_the_second_damage_does_not_overwrite_the_first(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        (tmp_path / FILE_NAME).write_bytes(content)
        load_workplace(tmp_path)

    kept = [(tmp_path / f"workplace-damaged-{number}.json").read_bytes() for number in (1, 2)]
    assert kept == [b"one", b"two"]


@given(st.binary(max_size=60))
def test_no_file_keeps_the_program_from_starting(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FILE_NAME).write_bytes(content)

        found = load_workplace(folder)

        rest = b"".join(path.read_bytes() for path in folder.iterdir())
    assert isinstance(found.workplace, Workplace)
    assert rest == content


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """A screen's password stands in it."""
    keep_workplace(tmp_path, FULL)

    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_workplace(tmp_path, FULL)

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        keep_workplace(tmp_path, Workplace())

    assert load_workplace(tmp_path).workplace == FULL
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_password_never_stands_in_a_traceback() -> None:
    assert "secret" not in repr(ScreenAccount(user_name="display-1", password="secret"))


def test_only_a_screen_signs_in_by_itself() -> None:
    account = ScreenAccount(user_name="display-1", password="secret")

    alone = [place for place in (*Place, None) if Workplace(place=place, account=account).screen is not None]

    assert alone == [Place.DISPLAY, Place.KIOSK]


@pytest.mark.skipif(sys.platform == "win32", reason="CUPS is not on Windows")
def test_each_paper_goes_its_own_way(tmp_path: Path) -> None:
    printer = printer_of(FULL, FolderPrinter(folder=tmp_path))

    outcome = printer.print(PDF, title="R-1", kind=PrintKind.RECEIPT)
    others = getattr(printer, "others", None)

    assert outcome.kept_at is not None
    assert isinstance(others, CommandPrinter)
    assert others.queues[PrintKind.LABEL].name == "Zebra ZD220"
    assert PrintKind.PAGE not in others.queues


def test_what_is_chosen_later_counts_for_the_next_paper(tmp_path: Path) -> None:
    """Nobody has to sign in again after choosing a printer."""
    now = [Workplace(labels=PrintTo(way=PrintWay.FILE))]
    printer = WorkplacePrinter(workplace=lambda: now[0], kept=FolderPrinter(folder=tmp_path / "a"))

    first = printer.print(PDF, title="T-1", kind=PrintKind.LABEL)
    now[0] = Workplace(labels=PrintTo(way=PrintWay.PRINTER, printer="No such printer"))
    second = printer.print(PDF, title="T-2", kind=PrintKind.LABEL)

    assert first.printed
    assert not second.printed
    assert second.kept_at is not None
    assert second.kept_at.read_bytes() == PDF
