"""The printed manual: every page has its place, every link leads somewhere, and paper shows all of it."""

import re
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from hms_server.contract.manual import Manual, Page, load_manual
from installers.manual.__main__ import album
from installers.manual.book import PARTS, PICTURES, order, unplaced
from installers.manual.paper import WIDTH_PT, write
from installers.manual.words import flowables

DAY = date(2026, 11, 21)


def page(name: str, markdown: str) -> Page:
    return Page(name=name, title=name, markdown=markdown, sections=[])


def text_of(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [sheet.get_textpage().get_text_range() for sheet in document]
    finally:
        document.close()


def test_every_page_of_the_manual_has_its_place_once() -> None:
    named = [name for part in PARTS for name in part.pages]

    assert unplaced(list(load_manual().pages)) == []
    assert len(named) == len(set(named))
    assert set(PICTURES) <= set(named)


def test_the_whole_manual_is_printed(tmp_path: Path) -> None:
    """Each title stands in the contents with the number of the page that it is on."""
    manual = load_manual()
    path = tmp_path / "manual.pdf"

    pages = write(path, manual, {}, version="1.2.3", made=DAY)

    sheets = text_of(path)
    assert len(sheets) == pages
    assert "Version 1.2.3, 21 November 2026" in sheets[0]
    for each in (manual.pages[name] for part in order(list(manual.pages)) for name in part.pages):
        number = re.search(rf"{re.escape(each.title)}[ .]+(\d+)", sheets[1] + sheets[2])
        assert number is not None, each.title
        assert each.title in sheets[int(number[1]) - 1]


def test_pictures_stand_in_their_chapter_before_the_keys(tmp_path: Path) -> None:
    """Of two with one name the later one is used; a number in front orders them only."""
    for name in ("04-vital-signs.png", "09-vital-signs.png"):
        Image.new("RGB", (640, 360), "white").save(tmp_path / name)
    manual = Manual([page("nurse", "# Nurse\n\nFirst words.\n\n## Keys\n\n- `F8` calls\n")])

    pictures = album(tmp_path)
    write(tmp_path / "manual.pdf", manual, pictures, version="1", made=DAY)

    assert pictures == {"vital-signs": tmp_path / "09-vital-signs.png"}
    (chapter,) = [sheet for sheet in text_of(tmp_path / "manual.pdf") if "First words" in sheet]
    assert chapter.index("First words") < chapter.index("scored while") < chapter.index("Keys")


def test_lists_tables_and_commands_keep_their_words(tmp_path: Path) -> None:
    markdown = (
        "# Backup\n\n1. Type `hms-server backup`:\n\n   ```\n   sudo hms-server backup\n   ```\n\n"
        "2. Wait *well*.\n\n"
        "| Trouble | Remedy |\n|---|---|\n| A < B | **mend** it |\n\n> Mind the key.\n\n"
        "See [Nurse](nurse.md) and [elsewhere](gone.md).\n"
    )
    write(tmp_path / "m.pdf", Manual([page("backup", markdown)]), {}, version="1", made=DAY)

    words = " ".join(" ".join(text_of(tmp_path / "m.pdf")).split())
    printed = (
        "1 Type hms-server backup",
        "sudo hms-server backup",
        "2 Wait well",
        "A < B mend it",
        "Mind the key",
    )
    for expected in printed:
        assert expected in words


@pytest.mark.parametrize("markdown", ["<div>raw</div>\n", "![picture](x.png)\n"])
def test_what_paper_cannot_show_is_refused_with_its_page(markdown: str) -> None:
    with pytest.raises(ValueError, match="the page nurse has"):
        flowables(markdown, key="nurse", pages=[], width_pt=WIDTH_PT)
