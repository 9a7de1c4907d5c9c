"""Files that are no bundle at all: one clear sentence each."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from hms_server.fhir.bundle import read_bundle
from hms_server.fhir.document import bundle_files
from hms_server.fhir.report import BundleRefused

GOOD = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "note": [True, None, -1.5e-3, 'é\n"x"'],
        "entry": [{"resource": {"resourceType": "Patient", "id": "1", "name": [{"family": "Obi"}]}}],
    }
)


def refusal(path: Path, today: date, *, max_bytes: int = 1 << 20) -> str:
    with pytest.raises(BundleRefused) as refused:
        read_bundle(path, today=today, max_bytes=max_bytes)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "x.json is empty."),
        (b" \n\t", "x.json is empty."),
        (b"\xef\xbb\xbf", "x.json is empty."),
        (b"hello", "x.json is not JSON (line 1, column 1: Expecting value)."),
        (
            b"{'resourceType': 1}",
            "x.json is not JSON (line 1, column 2: Expecting property name enclosed in double quotes).",
        ),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", "x.json is XML; only bundles in JSON are read."),
        (b"[1, 2]", "x.json is JSON, but not FHIR: it has no resourceType."),
        (b'{"a": 1}', "x.json is JSON, but not FHIR: it has no resourceType."),
        (b'{"resourceType": 7}', "x.json is JSON, but not FHIR: it has no resourceType."),
        (b'{"resourceType": "Patient"}', "x.json holds one Patient alone; a Bundle is expected."),
        (b'{"resourceType": "Bundle", "type": "collection"}', "x.json is a Bundle without any entry."),
        (
            b'{"resourceType": "Bundle", "type": "collection", "entry": {}}',
            "x.json is not a FHIR Bundle: its entry is not a list.",
        ),
        (b'{"a": 1}\n{"a": 2}', "x.json holds more than one JSON document (the second from line 2 on)."),
        (b'{"a": NaN}', "x.json holds NaN, which is not a number that JSON allows."),
        (b'{"a": -Infinity}', "x.json holds -Infinity, which is not a number that JSON allows."),
        (b'{"name": "Ad\xe9bayo"}', "x.json is not text in UTF-8, which FHIR demands."),
        ('{"a": 1}'.encode("utf-16"), "x.json is not text in UTF-8, which FHIR demands."),
        (b"[" * 100_000, "x.json is nested far deeper than any FHIR resource."),
        (b'{"a":' * 100_000, "x.json is nested far deeper than any FHIR resource."),
    ],
)
def test_each_bad_file_gets_its_own_sentence(
    tmp_path: Path, today: date, content: bytes, sentence: str
) -> None:
    """Whoever runs the import learns what is wrong with the file, not with the parser."""
    path = tmp_path / "x.json"
    path.write_bytes(content)

    assert refusal(path, today) == sentence


def test_a_bundle_of_versions_is_refused(tmp_path: Path, today: date) -> None:
    """A history holds one patient many times; taking any one of them would be a guess."""
    path = tmp_path / "x.json"
    path.write_text(GOOD.replace("collection", "history"), encoding="utf-8")

    assert refusal(path, today).startswith("x.json is a Bundle of another type than transaction, batch,")


@pytest.mark.parametrize("length", range(1, len(GOOD.encode())))
def test_a_file_cut_anywhere_is_told_as_cut_short(tmp_path: Path, today: date, length: int) -> None:
    """A copy that broke off is never taken for another kind of damage, and never for a whole file."""
    path = tmp_path / "x.json"
    path.write_bytes(GOOD.encode()[:length])

    assert "x.json is cut short" in refusal(path, today)


def test_a_file_cut_inside_a_letter_is_told_as_cut_short(tmp_path: Path, today: date) -> None:
    """Letters with accents take several bytes, and a copy may break off between them."""
    path = tmp_path / "x.json"
    path.write_bytes('{"name": "Adé'.encode()[:-1])

    assert refusal(path, today) == "x.json is cut short: it ends in the middle of a character."


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, today: date) -> None:
    """The limit holds for the size on disk; a hole of a terabyte costs nothing."""
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    sentence = refusal(path, today, max_bytes=64 << 20)

    assert sentence == "x.json is larger than 64 MB, the limit for one file; divide it by patients."


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path, today: date) -> None:
    """The limit itself is allowed."""
    path = tmp_path / "x.json"
    path.write_text(GOOD, encoding="utf-8")

    content = read_bundle(path, today=today, max_bytes=len(GOOD.encode()))

    assert len(content.patients) == 1


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path, today: date) -> None:
    """A folder, a pipe, a missing file and a loop of links are each named, and none blocks the import."""
    folder, pipe, loop = tmp_path / "folder", tmp_path / "pipe", tmp_path / "loop"
    folder.mkdir()
    os.mkfifo(pipe)
    loop.symlink_to(loop)

    assert refusal(folder, today) == "folder is a folder, not a file."
    assert refusal(pipe, today) == "pipe is not an ordinary file."
    assert refusal(tmp_path / "gone.json", today) == "gone.json does not exist."
    assert refusal(loop, today) == "loop cannot be read: Too many levels of symbolic links."


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, today: date) -> None:
    """A missing permission is told as such."""
    path = tmp_path / "x.json"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)

    assert refusal(path, today) == "x.json cannot be read: Permission denied."


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path, today: date) -> None:
    """Windows programs like to write one."""
    path = tmp_path / "x.json"
    path.write_text(GOOD, encoding="utf-8-sig")

    assert len(read_bundle(path, today=today).patients) == 1


def test_a_folder_stands_for_its_json_files_by_name(tmp_path: Path) -> None:
    """Other files, hidden ones and folders inside are not bundles."""
    for name in ("b.json", "a.JSON", "notes.txt", "._a.json"):
        (tmp_path / name).touch()

    assert [each.name for each in bundle_files(tmp_path)] == ["a.JSON", "b.json"]
    assert bundle_files(tmp_path / "b.json") == (tmp_path / "b.json",)


def test_a_folder_without_bundles_is_told(tmp_path: Path) -> None:
    """An import of nothing is a mistake, and said to be one."""
    with pytest.raises(BundleRefused, match=r"is a folder without any \.json file\.$"):
        bundle_files(tmp_path)
