"""The step from the old data folder to the new: interrupted anywhere, whoever comes next finishes it."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hms_server import filelock
from hms_server.backup import draft

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class PowerCut(BaseException):
    """Nothing after this point happens."""


def fill(folder: Path, word: str, *parts: str) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "data").write_text(word)
    for part in parts:
        (folder / part).write_text(word)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "restore.lock"
    }


def prepare(folder: Path) -> None:
    """A clinic in use, and a complete draft beside it that brings no state of backups."""
    folder.mkdir(exist_ok=True)
    fill(folder, "old", "keys.json", "backup.json", "backup-state.json")
    (folder / "updates").mkdir()
    (folder / "updates" / "desktop").write_text("the machine's own")
    fill(draft.begin(folder), "new", "keys.json", "backup.json")


def afterwards(aside: str) -> dict[str, str]:
    return {
        "updates/desktop": "the machine's own",
        "postgres/data": "new",
        "keys.json": "new",
        "backup.json": "new",
        f"{aside}/postgres/data": "old",
        f"{aside}/keys.json": "old",
        f"{aside}/backup.json": "old",
        f"{aside}/backup-state.json": "old",
    }


def test_the_old_goes_aside_and_what_belongs_to_the_machine_stays(tmp_path: Path) -> None:
    prepare(tmp_path)

    aside = draft.put_in_place(tmp_path, NOW)

    assert aside is not None
    assert contents(tmp_path) == afterwards(aside.name)


@pytest.mark.parametrize("step", range(12))
def test_a_power_cut_between_any_two_steps_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Each rename happens or does not; whatever was done by then, the next command does the rest."""
    prepare(tmp_path)
    steps = [0]

    def cut(source: object, target: object, *, replace: object = os.replace) -> None:
        if steps[0] == step:
            raise PowerCut
        steps[0] += 1
        replace(source, target)  # type: ignore[operator]

    with monkeypatch.context() as power:
        power.setattr(os, "replace", cut)
        with suppress(PowerCut):
            draft.put_in_place(tmp_path, NOW)

    draft.finish_interrupted(tmp_path)

    found = contents(tmp_path)
    if step == 0:
        # The journal was not written yet: the restore never happened.
        assert found["postgres/data"] == found["keys.json"] == "old"
        assert not any(name.startswith(draft.DRAFT) for name in found)
    else:
        aside = next(path.name for path in tmp_path.iterdir() if path.name.startswith("before-restore-"))
        assert found == afterwards(aside)


def test_a_folder_without_a_clinic_has_nothing_aside(tmp_path: Path) -> None:
    fill(draft.begin(tmp_path), "new", "keys.json")

    assert draft.put_in_place(tmp_path, NOW) is None
    assert contents(tmp_path) == {"postgres/data": "new", "keys.json": "new"}


def test_an_unfinished_draft_is_cleared_away(tmp_path: Path) -> None:
    fill(tmp_path, "old", "keys.json")
    fill(draft.begin(tmp_path), "half")

    draft.finish_interrupted(tmp_path)

    assert contents(tmp_path) == {"postgres/data": "old", "keys.json": "old"}


def test_nobody_disturbs_a_restore_under_way(tmp_path: Path) -> None:
    """The server that is started in its midst says so, and takes nothing away."""
    fill(draft.begin(tmp_path), "half")

    with (
        filelock.hold(tmp_path / "restore.lock", patience_s=0),
        pytest.raises(draft.RestoreBusy, match="wait until it is done"),
    ):
        draft.finish_interrupted(tmp_path)

    assert contents(tmp_path) == {"restoring/postgres/data": "half"}
