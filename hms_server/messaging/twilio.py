"""SMS through Twilio: Programmable Messaging, API of 2010-04-01."""

from base64 import b64encode
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from hms_server.contract.messaging import MessageState
from hms_server.contract.relay import ProviderField, Trouble
from hms_server.faults import Refused
from hms_server.messaging.carriers import Account, CannotSay, Fate, NotThere, Sms, check_address, nameless
from hms_server.relay.outside import Answer, Outside, OutsideFault
from hms_server.relay.providers import ProviderSpec, Values

NAME = "twilio"
PAGE = 200
CLOCKS_DIFFER = timedelta(minutes=10)
"""A message of ours may carry an earlier time at Twilio than here, by so much."""

T = TypeVar("T")


class _Message(msgspec.Struct, frozen=True):
    """A message as Twilio tells of it."""

    sid: str
    status: str
    to: str | None = None
    body: str | None = None
    date_created: str | None = None
    error_code: int | None = None


class _Page(msgspec.Struct, frozen=True):
    """The last messages first."""

    messages: list[_Message]
    next_page_uri: str | None = None


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


def _check(_secrets: Values, settings: Values) -> None:
    check_address(settings)
    sid, sender = settings.get("account_sid", ""), settings.get("sender", "")
    if sid and not (sid.startswith("AC") and len(sid) == _SID_LENGTH):
        raise Refused(
            "messaging.twilio_account",
            "An Account SID begins with AC and has 34 characters. Copy it from Twilio's console.",
            field="account_sid",
        )
    digits = sender.removeprefix("+")
    if sender.startswith("+") and not (digits.isdecimal() and len(digits) >= _SHORTEST_NUMBER):
        raise Refused(
            "messaging.twilio_sender",
            "Write the sender's number like +14155550100, without spaces.",
            field="sender",
        )


_SID_LENGTH = 34
_SHORTEST_NUMBER = 8

TWILIO = ProviderSpec(
    name=NAME,
    title="Twilio (SMS)",
    fields=(
        ProviderField(name="account_sid", title="Account SID", required=True, hint="Begins with AC"),
        ProviderField(name="auth_token", title="Auth token", secret=True, required=True),
        ProviderField(
            name="sender",
            title="Sender",
            required=True,
            hint="A number of yours (+14155550100), a name, or a messaging service (MG…)",
        ),
        ProviderField(name="address", title="Address", default="https://api.twilio.com"),
    ),
    check=_check,
)


class Twilio:
    """A `Carrier`. Errors of Twilio's own are told by its error code."""

    def send(self, sms: Sms, account: Account, outside: Outside) -> Fate:
        sender = account.settings["sender"]
        by = "MessagingServiceSid" if sender.startswith("MG") and len(sender) == _SID_LENGTH else "From"
        answer = outside.request(
            "POST",
            f"{_base(account)}/Messages.json",
            headers=_headers(account),
            form={"To": sms.to, by: sender, "Body": sms.text},
        )
        return _fate(_read(answer, _Message, may_have_arrived=True))

    def find(
        self, sms: Sms, account: Account, outside: Outside, *, known: frozenset[str]
    ) -> Fate | NotThere | CannotSay:
        # Not narrowed by date: Twilio compares the date of sending, which a message in its queue lacks.
        answer = outside.request(
            "GET",
            f"{_base(account)}/Messages.json",
            headers=_headers(account),
            params={"To": sms.to, "PageSize": str(PAGE)},
            idempotent=True,
        )
        page = _read(answer, _Page, may_have_arrived=False)
        for message in page.messages:
            if message.sid not in known and message.body == sms.text and _is_as_new(message, sms):
                return _fate(message)
        reaches_back = not page.next_page_uri or any(not _is_as_new(each, sms) for each in page.messages)
        return NotThere() if reaches_back else CannotSay()

    def report(self, provider_id: str, account: Account, outside: Outside) -> Fate:
        answer = outside.request(
            "GET",
            f"{_base(account)}/Messages/{provider_id}.json",
            headers=_headers(account),
            idempotent=True,
        )
        return _fate(_read(answer, _Message, may_have_arrived=False))

    def probe(self, account: Account, outside: Outside) -> None:
        answer = outside.request("GET", f"{_base(account)}.json", headers=_headers(account), idempotent=True)
        _refuse_error(answer)


def _base(account: Account) -> str:
    settings = account.settings
    return f"{settings['address'].rstrip('/')}/2010-04-01/Accounts/{settings['account_sid']}"


def _headers(account: Account) -> dict[str, str]:
    pair = f"{account.settings['account_sid']}:{account.secrets['auth_token']}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _is_as_new(message: _Message, sms: Sms) -> bool:
    """Whether it was made no earlier than ours was asked for; one without a date may be ours."""
    if message.date_created is None:
        return True
    try:
        created = parsedate_to_datetime(message.date_created)
    except ValueError:
        return True
    return created >= sms.asked_at - CLOCKS_DIFFER


def _fate(message: _Message) -> Fate:
    match message.status:
        case "delivered" | "read":
            return Fate(state=MessageState.DELIVERED, provider_id=message.sid)
        case "failed" | "undelivered" | "canceled":
            why = _reason(message.error_code or 0, "")
            return Fate(state=MessageState.FAILED, provider_id=message.sid, why=why)
        case _:
            return Fate(state=MessageState.SENT, provider_id=message.sid)


def _read(answer: Answer, kind: type[T], *, may_have_arrived: bool) -> T:
    _refuse_error(answer)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutsideFault(
            Trouble.GARBLED,
            "Twilio's answer cannot be read.",
            may_have_arrived=may_have_arrived,
            status=answer.status,
        ) from error


def _refuse_error(answer: Answer) -> None:
    if answer.status < _FIRST_ERROR:
        return
    try:
        error = msgspec.json.decode(answer.body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error()
    raise OutsideFault(
        Trouble.KEY if error.code in _ACCOUNT_ERRORS else Trouble.DECLINED,
        _reason(error.code, error.message),
        may_have_arrived=False,
        status=answer.status,
    )


def _reason(code: int, message: str) -> str:
    known = _REASONS.get(code)
    if known:
        return known
    told = f": {nameless(message)}" if message else ""
    return f"Twilio did not deliver it (error {code}){told}." if code else f"Twilio did not deliver it{told}."


_FIRST_ERROR = 400
_ACCOUNT_ERRORS = frozenset({20003, 20005, 21606, 21659, 21660, 30002})
"""Nothing will be sent before the administrator has put this right."""
_REASONS = {
    20003: "Twilio does not accept the Account SID with this token. Enter both again.",
    20005: "The account at Twilio is not active. Look into Twilio's console.",
    21211: "This is not a phone number. Correct it in the patient's details.",
    21408: "The account at Twilio may not send to this country. Allow it in Twilio's console.",
    21606: "The sender's number does not belong to the account at Twilio. Enter another sender.",
    21610: "The patient has answered STOP and gets no messages from this sender.",
    21612: "Twilio cannot reach this number from this sender.",
    21614: "This number cannot receive SMS. Ask the patient for a mobile phone.",
    21659: "Twilio does not know the sender. Enter another one.",
    21660: "The sender's number does not belong to the account at Twilio. Enter another sender.",
    30002: "The account at Twilio is suspended. Look into Twilio's console.",
    30003: "The phone was switched off or out of reach.",
    30004: "The message was blocked by the phone's owner or the network.",
    30005: "The number does not exist any more. Correct it in the patient's details.",
    30006: "This is a fixed line or a network that cannot be reached. Ask the patient for a mobile phone.",
    30007: "The network took the message for advertising and dropped it.",
    30008: "The network did not deliver it and gave no reason.",
}
