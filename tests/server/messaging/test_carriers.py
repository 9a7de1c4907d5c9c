"""Twilio and Termii over real HTTP: what they are sent, and what their answers mean."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hms_server.contract.messaging import MessageState
from hms_server.contract.relay import Trouble
from hms_server.faults import Refused
from hms_server.messaging.carriers import Account, CannotSay, Fate, NotThere, Sms
from hms_server.messaging.termii import TERMII, Termii
from hms_server.messaging.twilio import TWILIO, Twilio
from hms_server.relay.outside import Outside, OutsideFault
from tests.outside.local import CAPTIVE_PORTAL, Reply
from tests.outside.sms import FakeTermii, FakeTwilio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADA = "+2348035550182"
SMS = Sms(to=ADA, text="Hello Ada – Ọlá & friends", asked_at=NOW)
KEY = "0123456789abcdef"
NOBODY: frozenset[str] = frozenset()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio(key=KEY, clock=lambda: NOW) as provider:
        yield provider


@pytest.fixture
def termii() -> Iterator[FakeTermii]:
    with FakeTermii(key=KEY, clock=lambda: NOW) as provider:
        yield provider


def of_twilio(provider: FakeTwilio, *, key: str = KEY, **settings: str) -> Account:
    return Account(settings=TWILIO.defaults | provider.settings | settings, secrets={"auth_token": key})


def of_termii(provider: FakeTermii, *, key: str = KEY, **settings: str) -> Account:
    return Account(settings=TERMII.defaults | provider.settings | settings, secrets={"api_key": key})


def fault_of(act: Any, *args: Any, **named: Any) -> OutsideFault:
    with pytest.raises(OutsideFault) as raised:
        act(*args, **named)
    return raised.value


def test_twilio_gets_number_sender_and_text(twilio: FakeTwilio) -> None:
    fate = Twilio().send(SMS, of_twilio(twilio), Outside())

    (text,) = twilio.texts
    assert (text.to, text.text, text.sender) == (ADA, SMS.text, "+14155550100")
    assert fate == Fate(state=MessageState.SENT, provider_id=text.id)


def test_twilio_may_send_by_a_messaging_service(twilio: FakeTwilio) -> None:
    service = "MG" + "1" * 32

    Twilio().send(SMS, of_twilio(twilio, sender=service), Outside())

    form = twilio.server.seen[0].form()
    assert form["MessagingServiceSid"] == service
    assert "From" not in form


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", MessageState.SENT),
        ("queued", MessageState.SENT),
        ("sending", MessageState.SENT),
        ("sent", MessageState.SENT),
        ("something new", MessageState.SENT),
        ("delivered", MessageState.DELIVERED),
        ("read", MessageState.DELIVERED),
        ("undelivered", MessageState.FAILED),
        ("failed", MessageState.FAILED),
        ("canceled", MessageState.FAILED),
    ],
)
def test_twilios_words_for_what_became_of_a_message(
    twilio: FakeTwilio, status: str, state: MessageState
) -> None:
    fate = Twilio().send(SMS, of_twilio(twilio), Outside())
    twilio.texts[0].status = status
    twilio.texts[0].error_code = 30003 if state is MessageState.FAILED else None

    assert fate.provider_id is not None
    report = Twilio().report(fate.provider_id, of_twilio(twilio), Outside())

    assert (report.state, report.provider_id) == (state, fate.provider_id)
    assert ("switched off" in report.why) == (state is MessageState.FAILED)


@pytest.mark.parametrize(
    ("code", "trouble", "says"),
    [
        (21211, Trouble.DECLINED, "not a phone number"),
        (21610, Trouble.DECLINED, "STOP"),
        (21606, Trouble.KEY, "sender"),
        (99999, Trouble.DECLINED, "error 99999"),
    ],
)
def test_twilio_declines_in_its_own_numbers(
    twilio: FakeTwilio, code: int, trouble: Trouble, says: str
) -> None:
    twilio.declines[ADA] = FakeTwilio.error(code, "Something in English.")

    fault = fault_of(Twilio().send, SMS, of_twilio(twilio), Outside())

    assert (fault.trouble, fault.may_have_arrived) == (trouble, False)
    assert says in fault.sentence


@pytest.mark.parametrize("act", ["send", "probe"])
def test_a_wrong_key_is_told_and_never_repeated_in_the_sentence(
    twilio: FakeTwilio, termii: FakeTermii, act: str
) -> None:
    cases: list[tuple[Any, Account]] = [
        (Twilio(), of_twilio(twilio, key="wrong-key-000")),
        (Termii(), of_termii(termii, key="wrong-key-000")),
    ]
    for carrier, account in cases:
        args = (SMS, account, Outside()) if act == "send" else (account, Outside())
        fault = fault_of(getattr(carrier, act), *args)
        assert fault.trouble is Trouble.KEY
        assert "wrong-key-000" not in fault.sentence + repr(fault)


def test_a_lost_message_is_found_at_twilio(twilio: FakeTwilio) -> None:
    """The answer is lost, the message is there; another with the same words that is known is not it."""
    first = Twilio().send(SMS, of_twilio(twilio), Outside())
    twilio.lose_answer()
    fault = fault_of(Twilio().send, SMS, of_twilio(twilio), Outside())
    assert fault.may_have_arrived
    assert first.provider_id is not None

    known = frozenset({first.provider_id})
    found = Twilio().find(SMS, of_twilio(twilio), Outside(), known=known)

    assert found == Fate(state=MessageState.SENT, provider_id=twilio.texts[1].id)
    ids = known | {twilio.texts[1].id}
    assert Twilio().find(SMS, of_twilio(twilio), Outside(), known=ids) == NotThere()


def test_a_message_that_twilio_never_got_may_be_sent(twilio: FakeTwilio) -> None:
    """Neither other words, nor another number, nor the same words of last week are it."""
    carrier, account = Twilio(), of_twilio(twilio)
    carrier.send(replace(SMS, text="Other words"), account, Outside())
    carrier.send(replace(SMS, to="+2348035550183"), account, Outside())
    carrier.send(SMS, account, Outside())
    twilio.texts[-1].at = NOW - timedelta(days=7)

    assert carrier.find(SMS, account, Outside(), known=NOBODY) == NotThere()


def test_where_twilio_shows_only_a_part_nothing_is_concluded(twilio: FakeTwilio) -> None:
    """More messages to that number since then than one page holds: ours may stand on the next."""
    carrier, account = Twilio(), of_twilio(twilio)
    twilio.page_size = 2
    for number in range(3):
        carrier.send(replace(SMS, text=f"Words {number}"), account, Outside())

    assert carrier.find(SMS, account, Outside(), known=NOBODY) == CannotSay()

    twilio.texts[1].at = NOW - timedelta(days=1)
    assert carrier.find(SMS, account, Outside(), known=NOBODY) == NotThere()


def test_termii_gets_its_number_without_the_plus(termii: FakeTermii) -> None:
    fate = Termii().send(SMS, of_termii(termii), Outside())

    (text,) = termii.texts
    assert (text.to, text.text, text.sender) == ("2348035550182", SMS.text, "Sunrise")
    assert termii.channels == ["dnd"]
    assert fate == Fate(state=MessageState.SENT, provider_id=text.id)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Message Sent", MessageState.SENT),
        ("Something new", MessageState.SENT),
        ("Delivered", MessageState.DELIVERED),
        ("DELIVERED", MessageState.DELIVERED),
        ("Failed", MessageState.FAILED),
        ("Rejected", MessageState.FAILED),
        ("Expired", MessageState.FAILED),
        ("DND Active on Phone Number", MessageState.FAILED),
    ],
)
def test_termiis_words_for_what_became_of_a_message(
    termii: FakeTermii, status: str, state: MessageState
) -> None:
    fate = Termii().send(SMS, of_termii(termii), Outside())
    termii.texts[0].status = status

    assert fate.provider_id is not None
    report = Termii().report(fate.provider_id, of_termii(termii), Outside())

    assert (report.state, bool(report.why)) == (state, state is MessageState.FAILED)


def test_a_message_that_termii_has_not_listed_yet_stays_sent(termii: FakeTermii) -> None:
    report = Termii().report("4711", of_termii(termii), Outside())

    assert report == Fate(state=MessageState.SENT, provider_id="4711")


def test_a_lost_message_is_found_at_termii_and_never_ruled_out(termii: FakeTermii) -> None:
    """Its documentation does not say how far its history reaches: what is missing there is not known."""
    carrier, account = Termii(), of_termii(termii)
    assert carrier.find(SMS, account, Outside(), known=NOBODY) == CannotSay()
    termii.lose_answer()
    assert fault_of(carrier.send, SMS, account, Outside()).may_have_arrived

    found = carrier.find(SMS, account, Outside(), known=NOBODY)

    assert found == Fate(state=MessageState.SENT, provider_id=termii.texts[0].id)


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        ("Insufficient balance", Trouble.KEY),
        ("Your account is not active", Trouble.KEY),
        ("Invalid Sender Id", Trouble.KEY),
        ("You are not set up on this route", Trouble.DECLINED),
        ("Invalid phone number", Trouble.DECLINED),
    ],
)
def test_termii_declines_in_words(termii: FakeTermii, message: str, trouble: Trouble) -> None:
    """What concerns the account holds all messages back; what concerns one number ends that message."""
    termii.declines["2348035550182"] = Reply.of({"message": message}, status=400)

    fault = fault_of(Termii().send, SMS, of_termii(termii), Outside())

    assert (fault.trouble, fault.may_have_arrived) == (trouble, False)
    assert message in fault.sentence


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"sid": 5}', b'"yes"', b"null", b'{"message_id": null}'])
def test_a_garbled_answer_to_a_message_leaves_it_in_doubt(
    twilio: FakeTwilio, termii: FakeTermii, body: bytes
) -> None:
    cases: list[tuple[Any, Any, Account]] = [
        (twilio, Twilio(), of_twilio(twilio)),
        (termii, Termii(), of_termii(termii)),
    ]
    for provider, carrier, account in cases:
        provider.server.troubles.append(Reply(body=body))
        fault = fault_of(carrier.send, SMS, account, Outside())
        assert (fault.trouble, fault.may_have_arrived) == (Trouble.GARBLED, True)


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": "x"}', b'{"message": 5}'])
def test_a_garbled_refusal_is_still_a_refusal(
    twilio: FakeTwilio, termii: FakeTermii, status: int, body: bytes
) -> None:
    cases: list[tuple[Any, Any, Account]] = [
        (twilio, Twilio(), of_twilio(twilio)),
        (termii, Termii(), of_termii(termii)),
    ]
    for provider, carrier, account in cases:
        provider.server.troubles.append(Reply(body=body, status=status))
        fault = fault_of(carrier.send, SMS, account, Outside())
        assert (fault.trouble, fault.may_have_arrived, fault.status) == (Trouble.DECLINED, False, status)
        assert fault.sentence.endswith(".")


def test_a_portals_page_is_no_answer(twilio: FakeTwilio) -> None:
    twilio.server.troubles.append(CAPTIVE_PORTAL)

    assert fault_of(Twilio().send, SMS, of_twilio(twilio), Outside()).trouble is Trouble.CAPTIVE_PORTAL


def test_a_probe_is_content_with_a_provider_that_is_there(twilio: FakeTwilio, termii: FakeTermii) -> None:
    Twilio().probe(of_twilio(twilio), Outside())
    Termii().probe(of_termii(termii), Outside())

    assert not twilio.texts
    assert not termii.texts


@pytest.mark.parametrize(
    ("spec", "entered", "field"),
    [
        (TWILIO, {"account_sid": "SK" + "0" * 32}, "account_sid"),
        (TWILIO, {"account_sid": "AC123"}, "account_sid"),
        (TWILIO, {"sender": "+1415 555"}, "sender"),
        (TWILIO, {"address": "http://api.twilio.com"}, "address"),
        (TWILIO, {"address": "api.twilio.com"}, "address"),
        (TERMII, {"sender": "AB"}, "sender"),
        (TERMII, {"sender": "Sunrise Clinic"}, "sender"),
        (TERMII, {"channel": "whatsapp"}, "channel"),
        (TERMII, {"address": "https://api.example.com/?api_key=1"}, "address"),
    ],
)
def test_what_cannot_work_is_refused_where_it_is_entered(
    spec: Any, entered: dict[str, str], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        spec.check({}, spec.defaults | entered)

    assert refused.value.fault.field == field
