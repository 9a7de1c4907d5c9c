"""When an update is looked for, offered and carried out, and what keeps it waiting."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.updates import launcher
from hms_desktop.updates.looking import Looker
from hms_desktop.updates.night import UNTOUCHED_S, Scene, is_quiet
from hms_desktop.updates.state import Phase, UpdatesState
from hms_desktop.updates.store import UpdateStore
from hms_server.contract.envelope import Fault
from hms_server.contract.updates import PART_BYTES, ReadUpdatePart, UpdateOffer, UpdatePart
from tests.desktop.samples import ZONE
from tests.desktop.updates.lines import (
    KEYS,
    LINK_DOWN,
    OTHER,
    FakeLine,
    bundle,
    serving,
    tar_of,
    workstation,
)

EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=ZONE)
NIGHT = datetime(2026, 11, 21, 2, 30, tzinfo=ZONE)
EMPTY = Scene(signed_in=False, unsent=0, untouched_s=UNTOUCHED_S)
UPDATE = bundle("echo 0.3.0")
REFUSED = ".*update (refused|not applied).*"


class Place:
    """A workstation of version 0.2.0, its server, and what goes on there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        built = folder / "built"
        built.mkdir()
        (built / "hms-desktop").write_text("#!/bin/sh\n")
        launcher.install(built, self.home, "0.2.0")
        self.line: FakeLine = serving(UPDATE)
        self.scene = EMPTY
        self.now = EVENING
        self.restarts = 0
        self.unattended = False
        self.states: list[UpdatesState] = []

    def start(self, *, keys: tuple[bytes, ...] = KEYS, **differing: Any) -> UpdatesState:
        looker = Looker(
            workstation(self.home, **differing), UpdateStore(self.folder / "updates"), keys, retry_s=0.01
        )
        state = UpdatesState(
            looker,
            connect=lambda: self.line,
            scene=lambda: self.scene,
            clock=lambda: self.now,
            unattended=lambda: self.unattended,
        )
        state.restart_wanted.connect(self._on_restart)
        self.states.append(state)
        state.start()
        return state

    @property
    def current(self) -> str:
        return launcher.read_word(self.home / "current")

    def _on_restart(self) -> None:
        self.restarts += 1


@pytest.fixture
def place(tmp_path: Path, qapp: QApplication) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for state in made.states:
        state.close()
        state.deleteLater()


def look(qtbot: QtBot, state: UpdatesState, expected: Phase) -> None:
    looked: list[object] = []
    original = state._on_looked

    def done(outlook: Any) -> None:
        original(outlook)
        looked.append(outlook)

    state._on_looked = done  # type: ignore[method-assign] # tells when the look is over
    state.look()
    qtbot.waitUntil(lambda: bool(looked), timeout=20_000)
    state._on_looked = original  # type: ignore[method-assign]
    assert state.situation.phase is expected


def settle(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=20_000)


def test_an_update_is_fetched_before_anybody_is_asked(place: Place, qtbot: QtBot) -> None:
    state = place.start()

    look(qtbot, state, Phase.READY)

    assert state.situation.version == "0.3.0"
    assert place.line.offsets == [0]
    assert place.line.closed == 1
    assert place.current == "0.2.0"


def test_update_now_puts_it_there_and_asks_for_a_new_start(place: Place, qtbot: QtBot) -> None:
    state = place.start()
    look(qtbot, state, Phase.READY)

    state.update_now()
    settle(qtbot, lambda: place.restarts == 1)

    assert place.current == "0.3.0"


def test_what_is_on_its_way_to_the_server_keeps_it_waiting(place: Place, qtbot: QtBot) -> None:
    """Requests without an answer live in the program only."""
    state = place.start()
    look(qtbot, state, Phase.READY)
    place.scene = replace(EMPTY, unsent=2)

    state.update_now()

    assert state.situation.phase is Phase.READY
    assert state.situation.unsent == 2
    assert place.current == "0.2.0"


def test_tonight_happens_at_night_and_outlives_the_program(place: Place, qtbot: QtBot) -> None:
    state = place.start()
    look(qtbot, state, Phase.READY)
    state.update_tonight()
    state.on_minute()
    assert place.current == "0.2.0"
    state.close()

    again = place.start()
    look(qtbot, again, Phase.READY)
    assert again.situation.tonight
    place.now = NIGHT
    again.on_minute()
    settle(qtbot, lambda: place.restarts == 1)

    assert place.current == "0.3.0"


@pytest.mark.parametrize(
    "scene",
    [
        replace(EMPTY, signed_in=True),
        replace(EMPTY, unsent=1),
        replace(EMPTY, untouched_s=UNTOUCHED_S - 1),
    ],
)
def test_the_night_waits_for_people_and_their_work(place: Place, qtbot: QtBot, scene: Scene) -> None:
    state = place.start()
    look(qtbot, state, Phase.READY)
    state.update_tonight()
    place.now, place.scene = NIGHT, scene

    state.on_minute()

    assert state.situation.phase is Phase.READY


def test_nothing_happens_at_night_that_nobody_chose(place: Place, qtbot: QtBot) -> None:
    state = place.start()
    look(qtbot, state, Phase.READY)
    place.now = NIGHT

    state.on_minute()

    assert state.situation.phase is Phase.READY


def test_a_screen_at_which_nobody_sits_updates_itself_at_night(place: Place, qtbot: QtBot) -> None:
    place.unattended = True
    state = place.start()
    look(qtbot, state, Phase.READY)
    state.on_minute()
    assert place.current == "0.2.0"

    place.now = NIGHT
    state.on_minute()
    settle(qtbot, lambda: place.restarts == 1)

    assert place.current == "0.3.0"


def test_later_is_quiet_until_the_next_day_also_after_a_start(place: Place, qtbot: QtBot) -> None:
    state = place.start()
    look(qtbot, state, Phase.READY)

    state.update_later()

    assert state.is_quiet
    again = place.start()
    look(qtbot, again, Phase.READY)
    assert again.is_quiet
    place.now += timedelta(hours=21)
    assert not again.is_quiet


def test_later_does_not_silence_what_must_be(place: Place, qtbot: QtBot) -> None:
    offer = place.line.offer
    assert isinstance(offer, UpdateOffer)
    place.line.offer = UpdateOffer(server_version="0.3.0", required=True, update=offer.update)
    state = place.start()
    look(qtbot, state, Phase.READY)

    state.update_later()

    assert state.situation.required
    assert not state.is_quiet


def test_a_program_too_old_for_the_server_is_told_also_without_an_update(place: Place, qtbot: QtBot) -> None:
    place.line.offer = UpdateOffer(server_version="0.3.0", required=True)
    state = place.start()

    look(qtbot, state, Phase.TOO_OLD)

    assert state.situation.version == "0.3.0"


@pytest.mark.parametrize(
    "offer",
    [
        UpdateOffer(server_version="0.1.0"),
        Fault(code="request.unknown", message="This server does not know the request 'GetUpdate'."),
    ],
)
def test_a_server_that_is_older_is_told_also_by_what_it_does_not_know(
    place: Place, qtbot: QtBot, offer: UpdateOffer | Fault
) -> None:
    place.line.offer = offer
    state = place.start()

    look(qtbot, state, Phase.SERVER_OLDER)


def test_a_server_of_the_same_version_is_not_worth_a_word(place: Place, qtbot: QtBot) -> None:
    place.line.offer = UpdateOffer(server_version="0.2.0")
    state = place.start()

    look(qtbot, state, Phase.NOTHING)


def test_a_server_that_is_away_is_not_worth_a_word(place: Place, qtbot: QtBot) -> None:
    place.line.offer = LINK_DOWN
    state = place.start()

    look(qtbot, state, Phase.NOTHING)


@pytest.mark.allow_log(REFUSED)
def test_a_wrong_signature_is_told_and_nothing_is_fetched(place: Place, qtbot: QtBot) -> None:
    place.line = serving(UPDATE, private=OTHER)
    state = place.start()

    look(qtbot, state, Phase.TROUBLE)

    assert "not signed" in state.situation.sentence
    assert place.line.offsets == []


@pytest.mark.allow_log(REFUSED)
def test_a_build_without_a_key_says_so(place: Place, qtbot: QtBot) -> None:
    state = place.start(keys=())

    look(qtbot, state, Phase.TROUBLE)

    assert "without a key" in state.situation.sentence


@pytest.mark.allow_log(REFUSED)
def test_a_file_that_was_changed_while_it_lay_there_is_not_used(place: Place, qtbot: QtBot) -> None:
    """Hours pass between the evening's look and the night."""
    state = place.start()
    look(qtbot, state, Phase.READY)
    (fetched,) = (place.folder / "updates").glob("*.tar.gz")
    fetched.write_bytes(bundle("echo evil"))

    state.update_now()
    settle(qtbot, lambda: state.situation.phase is Phase.TROUBLE)

    assert "not the update that was signed" in state.situation.sentence
    assert place.current == "0.2.0"
    assert place.restarts == 0
    look(qtbot, state, Phase.READY)


@pytest.mark.allow_log(REFUSED)
def test_a_bug_locks_nobody_out(place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hms_desktop.updates.state.apply", None)
    state = place.start()
    look(qtbot, state, Phase.READY)
    state.update_now()
    settle(qtbot, lambda: "foreseen" in state.situation.sentence)
    assert state.situation.phase is Phase.TROUBLE


@pytest.mark.allow_log(REFUSED)
def test_an_update_that_cannot_be_unpacked_is_not_tried_every_night(place: Place, qtbot: QtBot) -> None:
    place.line = serving(tar_of({"readme": b"no program"}))
    state = place.start()
    look(qtbot, state, Phase.READY)
    state.update_tonight()
    place.now = NIGHT
    state.on_minute()
    settle(qtbot, lambda: state.situation.phase is Phase.TROUBLE)

    look(qtbot, state, Phase.READY)
    state.on_minute()

    assert state.situation.phase is Phase.READY
    assert not state.situation.tonight
    assert place.current == "0.2.0"


def test_a_version_that_was_taken_back_is_told_and_tried_only_when_somebody_wants_it(
    place: Place, qtbot: QtBot
) -> None:
    (place.home / "failed").write_text("0.3.0\n")
    state = place.start()
    assert state.situation.phase is Phase.TAKEN_BACK
    look(qtbot, state, Phase.TAKEN_BACK)
    state.update_now()
    assert place.restarts == 0

    state.try_again()
    settle(qtbot, lambda: state.situation.phase is Phase.READY)

    assert launcher.failed_version(place.home) == ""


def test_the_first_start_of_a_version_says_so_and_keeps_it(place: Place, qtbot: QtBot) -> None:
    (place.home / "trying").write_text("1\n")
    place.line.offer = UpdateOffer(server_version="0.2.0")

    state = place.start()

    assert state.situation.phase is Phase.DONE
    assert not (place.home / "trying").exists()
    look(qtbot, state, Phase.DONE)


def test_closing_ends_a_download_and_keeps_what_has_come(place: Place, qtbot: QtBot) -> None:
    content = UPDATE + bytes(4 * PART_BYTES)
    reached: list[int] = []

    def wait_at_the_second(request: ReadUpdatePart) -> UpdatePart | None:
        if request.offset:
            reached.append(request.offset)
            return UpdatePart(wait_ms=30_000)
        return None

    place.line = serving(content)
    place.line.interrupt = wait_at_the_second
    state = place.start()
    state.look()
    settle(qtbot, lambda: bool(reached))

    state.close()

    (part,) = (place.folder / "updates").glob("*.part")
    assert part.stat().st_size == PART_BYTES


def test_two_windows_fetch_it_once(place: Place, qtbot: QtBot) -> None:
    first, second = place.start(), place.start()

    look(qtbot, first, Phase.READY)
    look(qtbot, second, Phase.READY)

    assert place.line.offsets == [0]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.booleans(), st.integers(0, 3))  # noqa: DTZ001 - the zone follows
def test_never_outside_the_night(now: datetime, signed_in: bool, unsent: int) -> None:  # noqa: FBT001 - hypothesis
    scene = Scene(signed_in=signed_in, unsent=unsent, untouched_s=UNTOUCHED_S)

    quiet = is_quiet(now.replace(tzinfo=ZONE), scene)

    assert quiet == (1 <= now.hour < 5 and not signed_in and not unsent)
