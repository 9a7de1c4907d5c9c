"""The server's key file."""

import os
import threading
from pathlib import Path

import pytest
import zmq

from hms_server.__main__ import main
from hms_server.keys import KeyFileError, ServerKeys, load_or_create


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys.json"


def test_keys_are_made_once_and_stay_the_same(path: Path) -> None:
    first = load_or_create(path)

    again = load_or_create(path)

    assert again == first
    assert zmq.curve_public(first.secret_key.encode()).decode() == first.public_key
    assert len(first.audit_key) == 32


def test_only_the_owner_may_read_the_file_and_nothing_else_is_left(path: Path) -> None:
    load_or_create(path)

    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_servers_that_start_at_once_agree_on_one_pair(path: Path) -> None:
    found: list[ServerKeys] = []
    threads = [threading.Thread(target=lambda: found.append(load_or_create(path))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({keys.secret_key for keys in found}) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_a_way_out(path: Path, mode: int) -> None:
    load_or_create(path)
    path.chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        load_or_create(path)


def test_a_damaged_file_is_refused_and_not_replaced(path: Path) -> None:
    whole = load_or_create(path)
    intact = path.read_bytes()
    other = zmq.curve_keypair()[0].decode().replace("\\", "a")
    broken = [
        b"",
        intact[:-20],
        b"\xff\xfe",
        intact.replace(b'"audit_key"', b'"another"'),
        intact.replace(whole.public_key.encode(), other.encode()),
        intact.replace(whole.secret_key.encode(), b"~" * 40),
    ]

    for content in broken:
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match="damaged"):
            load_or_create(path)
        assert path.read_bytes() == content


def test_secrets_stay_out_of_tracebacks(path: Path) -> None:
    keys = load_or_create(path)

    assert keys.public_key in repr(keys)
    assert keys.secret_key not in repr(keys)
    assert repr(keys.audit_key) not in repr(keys)


def test_whoever_verifies_without_keys_is_told_so_and_no_others_are_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With new ones every chain would look broken, and the next backup would carry them."""
    assert main(["--data-dir", str(tmp_path), "verify"]) == 1

    assert "There is no key file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
