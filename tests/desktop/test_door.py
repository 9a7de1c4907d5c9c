"""One person at a time goes through the door, whatever order the threads come in."""

from dataclasses import dataclass, field

import pytest

from hms_desktop.connection.faults import FaultError
from hms_desktop.door import Door, Entered
from hms_desktop.workplace import ScreenAccount
from hms_server.contract.accounts import AddStaff, SignedIn, StaffAdded
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.values import Role, StaffId
from tests.desktop.programs import WRONG, FakeWay
from tests.desktop.visits.tickets import signed_in


def test_who_enters_signs_the_one_before_out() -> None:
    """No session is left open behind a demo or a quick change of people."""
    way = FakeWay()
    door = Door(way)  # type: ignore[arg-type] # a fake answers loosely

    door.enter("blessing", "right")
    door.enter("ama", "right")

    assert way.steps == ["in blessing", "follow", "out", "in ama", "follow"]


def test_who_leaves_late_does_not_take_the_next_one_along() -> None:
    """The sign-out of the one before may come after the sign-in of the next."""
    way = FakeWay()
    door = Door(way)  # type: ignore[arg-type] # as above
    first, second = door.enter("blessing", "right"), door.enter("ama", "right")
    assert isinstance(first, Entered)
    assert isinstance(second, Entered)

    door.leave(first)
    before = list(way.steps)
    door.leave(second)

    assert before[-1] == "follow"
    assert way.steps[-1] == "out"


def test_a_refusal_is_an_answer() -> None:
    """Nobody is inside after it."""
    way = FakeWay()
    door = Door(way)  # type: ignore[arg-type] # as above

    outcome = door.enter("ama", "wrong")

    assert outcome == WRONG
    assert way.steps == []


@dataclass
class Office(FakeWay):
    """A server at which an administrator and screens have accounts."""

    taken: int = 0
    added: list[AddStaff] = field(default_factory=list)

    def sign_in(self, user_name: str, password: str) -> SignedIn:
        if user_name not in ("admin", "kiosk"):
            return super().sign_in(user_name, password)
        self.steps.append(f"in {user_name}")
        return signed_in(Role.ADMINISTRATOR if user_name == "admin" else Role.KIOSK, name=user_name)

    def ask(self, request: Request[object]) -> object:
        if not isinstance(request, AddStaff):
            return super().ask(request)
        self.added.append(request)
        if len(self.added) <= self.taken:
            raise FaultError(Fault(code="accounts.user_name_taken", message="Somebody else has this name."))
        return StaffAdded(id=StaffId(9), password="generated")


def test_an_account_of_a_screen_is_taken_as_it_is() -> None:
    """Nothing is added, and the trial leaves no session open."""
    way = Office()

    outcome = Door(way).screen_account("kiosk", "right", role=Role.KIOSK, name="Door")  # type: ignore[arg-type] # as above

    assert outcome == ScreenAccount(user_name="kiosk", password="right")
    assert way.added == []
    assert way.steps == ["in kiosk", "out"]


def test_an_administrator_adds_an_account_for_the_screen() -> None:
    """With the first name that is free; the administrator's own password goes nowhere."""
    way = Office(taken=2)

    outcome = Door(way).screen_account("admin", "right", role=Role.DISPLAY, name="Waiting room")  # type: ignore[arg-type] # as above

    assert outcome == ScreenAccount(user_name="display-3", password="generated")
    assert way.added[-1] == AddStaff(user_name="display-3", name="Waiting room", roles=[Role.DISPLAY])
    assert way.steps == ["in admin", "out"]


@pytest.mark.parametrize("user", ["ama", "screen"])
def test_nobody_elses_password_is_kept_for_a_screen(user: str) -> None:
    """A nurse's would open records to whoever starts the program; a display's is no kiosk's."""
    way = Office()

    outcome = Door(way).screen_account(user, "right", role=Role.KIOSK, name="Door")  # type: ignore[arg-type] # as above

    assert isinstance(outcome, Fault)
    assert outcome.field == "user_name"
    assert way.steps == [f"in {user}", "out"]


def test_who_is_inside_leaves_before_a_screen_is_tried() -> None:
    way = Office()
    door = Door(way)  # type: ignore[arg-type] # as above
    door.enter("ama", "right")

    door.screen_account("kiosk", "right", role=Role.KIOSK, name="Door")

    assert way.steps == ["in ama", "follow", "out", "in kiosk", "out"]


@pytest.mark.parametrize(
    ("user", "password", "field"),
    [("admin", "right", None), ("ama", "right", "user_name"), ("ama", "wrong", "password")],
)
def test_only_an_administrator_lets_go_of_a_screen(user: str, password: str, field: str | None) -> None:
    """And nobody stays signed in behind the pages that open then."""
    way = Office()
    door = Door(way)  # type: ignore[arg-type] # as above
    door.enter("screen", "right")

    refusal = door.refuse_others(user, password)

    assert (refusal.field if refusal else None) == field
    assert way.steps[-1] == "out"
