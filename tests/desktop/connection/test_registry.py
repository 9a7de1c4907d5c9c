"""Names on the wire and the classes they stand for."""

import pytest

from hms_desktop.connection.registry import answer_decoder, event_types
from hms_server.contract.accounts import (
    DeviceChanged,
    Nothing,
    SessionEnded,
    SignedIn,
    SignIn,
    SignOut,
    StaffChanged,
)
from hms_server.contract.envelope import Event, Request


def test_every_event_of_the_contract_is_known_by_its_name() -> None:
    known = event_types()

    assert {name: known[name] for name in ("DeviceChanged", "SessionEnded", "StaffChanged")} == {
        "DeviceChanged": DeviceChanged,
        "SessionEnded": SessionEnded,
        "StaffChanged": StaffChanged,
    }
    assert all(issubclass(kind, Event) for kind in known.values())


def test_events_that_only_a_test_has_made_are_none_of_the_contract() -> None:
    class Invented(Event, frozen=True, kw_only=True):
        pass

    event_types.cache_clear()

    assert Invented.__name__ not in event_types()


@pytest.mark.parametrize(("request_type", "answer"), [(SignIn, SignedIn), (SignOut, Nothing)])
def test_a_request_says_which_answer_it_gets(request_type: type[Request[object]], answer: type) -> None:
    assert answer_decoder(request_type).type is answer


def test_a_request_without_an_answer_type_is_a_bug_that_is_named() -> None:
    class Careless(Request, frozen=True):  # type: ignore[type-arg]  # that is the carelessness
        pass

    with pytest.raises(TypeError, match="Careless"):
        answer_decoder(Careless)
