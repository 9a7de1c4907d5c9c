"""New keys for a clinic: whenever the command was killed, the next one finishes it and says the truth."""

from pathlib import Path

import pytest

from hms_server.__main__ import main
from hms_server.contract.private_files import replace_private
from hms_server.keys import encode, load, load_or_create, with_new_pair
from hms_server.neighbours import BEFORE, claim_clinic
from tests.server.desk import Desk


@pytest.mark.parametrize("file_was_written", [False, True])
def test_a_command_that_was_killed_halfway_is_finished_by_the_next(
    desk: Desk,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file_was_written: bool,  # noqa: FBT001 - a case of the test
) -> None:
    path = tmp_path / "keys.json"
    keys = load_or_create(path)
    with desk.connect() as connection:
        claim_clinic(connection, keys.public_key)
    ((clinic,),) = desk.sql("select name from clinic")
    replace_private(path.with_name(BEFORE), encode(keys))
    if file_was_written:
        replace_private(path, encode(with_new_pair(keys)))

    def run(*words: str) -> tuple[int, str]:
        code = main(["--data-dir", str(tmp_path), "--database", database, *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    verified = run("verify")
    finished = run("new-keys", "--clinic", clinic)

    assert verified[0] == int(file_was_written)
    assert ("broken off halfway" in verified[1]) is file_was_written
    assert finished[0] == 0
    # What is sealed opens, since its key is that of before.
    assert "enter the providers" not in finished[1]
    assert load(path).public_key != keys.public_key
    assert desk.sql("select server_key from clinic") == [(load(path).public_key,)]
    assert not path.with_name(BEFORE).exists()
    assert run("verify")[0] == 0


def test_an_audit_trail_is_not_called_broken_for_want_of_its_keys(
    desk: Desk, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk.connect() as connection:
        claim_clinic(connection, load_or_create(tmp_path / "the clinic's").public_key)
    load_or_create(tmp_path / "keys.json")

    code = main(["--data-dir", str(tmp_path), "--database", database, "verify"])

    assert code == 1
    assert "belongs to a clinic whose servers have the key" in capsys.readouterr().err


def test_the_keys_of_before_stay_where_others_take_their_place(
    desk: Desk, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed halfway, then somebody took the new keys away: these are all that opens what is sealed."""
    path = tmp_path / "keys.json"
    keys = load_or_create(path)
    with desk.connect() as connection:
        claim_clinic(connection, keys.public_key)
    ((clinic,),) = desk.sql("select name from clinic")
    path.rename(path.with_name(BEFORE))
    load_or_create(path)

    code = main(["--data-dir", str(tmp_path), "--database", database, "new-keys", "--clinic", clinic])

    assert code == 0
    assert "enter the providers" in capsys.readouterr().out
    assert load(path.with_name(BEFORE)) == keys
