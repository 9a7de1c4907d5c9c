"""Files that hold keys."""

import os
from pathlib import Path

import pytest

from hms_server.contract.private_files import create_private, is_private, replace_private


def test_a_file_that_is_there_is_not_made_a_second_time(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = create_private(path, b"first")

    second = create_private(path, b"second")

    assert (first, second) == (True, False)
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_new_content_takes_the_place_of_the_old_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "pairings.json"
    replace_private(path, b"a long first content")

    replace_private(path, b"short")

    assert path.read_bytes() == b"short"
    assert [entry.name for entry in path.parent.iterdir()] == ["pairings.json"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode")
def test_nobody_else_may_read_what_is_written(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        create_private(tmp_path / "made", b"")
        replace_private(tmp_path / "replaced", b"")
    finally:
        os.umask(old_mask)

    assert is_private(tmp_path / "made")
    assert is_private(tmp_path / "replaced")
    (tmp_path / "made").chmod(0o604)
    assert not is_private(tmp_path / "made")
