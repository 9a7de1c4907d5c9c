"""A backup file: any change, cut or addition is found, and says in a sentence what is wrong."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.sealing import CHUNK_BYTES, FORMAT, MAGIC, About, Backup, BadBackup, Sealer

KEY = RecoveryKey.new()
ABOUT = About(
    made_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
    clinic="Unity Clinic",
    server="1234 5678",
    program="0.1.0",
    revision="0018",
    postgres=18,
)
PIECES = (b"first" * 100, b"second" * 50, b"end")


def sealed(*pieces: bytes) -> list[bytes]:
    sealer = Sealer(ABOUT, KEY.public)
    last = len(pieces) - 1
    return [sealer.start, *(sealer.chunk(piece, last=at == last) for at, piece in enumerate(pieces))]


def opened(content: bytes, path: Path, key: RecoveryKey = KEY) -> bytes:
    path.write_bytes(content)
    return b"".join(Backup(path).chunks(key))


def test_the_key_opens_what_was_sealed(tmp_path: Path) -> None:
    file = tmp_path / "one"

    assert opened(b"".join(sealed(*PIECES)), file) == b"".join(PIECES)
    assert Backup(file).header.clinic == "Unity Clinic"


def test_another_key_is_told_by_its_mark(tmp_path: Path) -> None:
    other = RecoveryKey.new()

    with pytest.raises(BadBackup, match=f"made for the key with the mark {KEY.mark}.*is {other.mark}"):
        opened(b"".join(sealed(*PIECES)), tmp_path / "one", other)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.data())
def test_every_flipped_bit_is_found(tmp_path: Path, data: st.DataObject) -> None:
    """In the magic, the version, the header, its hash, a length, a mark of the end, a chunk."""
    content = bytearray(b"".join(sealed(*PIECES)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(BadBackup) as bad:
        opened(bytes(content), tmp_path / "one")

    assert str(bad.value).endswith(".")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_every_cut_is_found(tmp_path: Path, data: st.DataObject) -> None:
    content = b"".join(sealed(*PIECES))

    with pytest.raises(BadBackup):
        opened(content[: data.draw(st.integers(0, len(content) - 1))], tmp_path / "one")


REARRANGED: list[Callable[[list[bytes]], list[bytes]]] = [
    lambda parts: parts[:-1],
    lambda parts: [parts[0], parts[2], parts[1], parts[3]],
    lambda parts: [parts[0], parts[1], parts[1], parts[2], parts[3]],
    lambda parts: [parts[0], parts[1], parts[3]],
    lambda parts: [*parts, parts[3]],
    lambda parts: [sealed(*PIECES)[0], *parts[1:]],
    lambda parts: [*parts[:3], sealed(*PIECES)[3]],
]


@pytest.mark.parametrize("rearrange", REARRANGED)
def test_chunks_belong_to_one_file_in_one_order(
    tmp_path: Path, rearrange: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Whole chunks, each good in itself: left out, exchanged, repeated, of another backup."""
    with pytest.raises(BadBackup):
        opened(b"".join(rearrange(sealed(*PIECES))), tmp_path / "one")


@pytest.mark.parametrize(
    ("version", "words"),
    [(FORMAT + 1, "install the newer version"), (0, "does not read any more: restore it with the version")],
)
def test_another_format_says_which_program_reads_it(tmp_path: Path, version: int, words: str) -> None:
    content = bytearray(b"".join(sealed(*PIECES)))
    content[len(MAGIC) : len(MAGIC) + 2] = version.to_bytes(2, "big")

    with pytest.raises(BadBackup, match=words):
        opened(bytes(content), tmp_path / "one")


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="is no backup of this program"):
        opened(b"%PDF-1.7 and so on, for longer than a header", tmp_path / "one")
    with pytest.raises(BadBackup, match="cannot be read: No such file"):
        Backup(tmp_path / "absent")


def test_the_place_of_the_damage_is_named(tmp_path: Path) -> None:
    """So that a bad disk can be told from a bad copy."""
    parts = sealed(*PIECES)
    content = bytearray(b"".join(parts))
    start = len(parts[0]) + len(parts[1])
    content[start + 20] ^= 4

    with pytest.raises(BadBackup, match=re.escape(f"damaged at byte {start}:")):
        opened(bytes(content), tmp_path / "one")


def test_nothing_of_the_content_can_be_read_in_the_file(tmp_path: Path) -> None:
    content = b"".join(sealed(b"Ada Obi, malaria" * 10))

    assert b"Ada" not in content
    assert KEY.signs.encode() not in content


def test_a_full_chunk_is_read_back(tmp_path: Path) -> None:
    assert opened(b"".join(sealed(bytes(CHUNK_BYTES), b"")), tmp_path / "one") == bytes(CHUNK_BYTES)
