"""One person at a time goes through the door, whatever order the threads come in."""

from hms_desktop.door import Door, Entered
from tests.desktop.test_app import WRONG, FakeWay


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
