"""SMS through Termii, which serves Nigeria and its neighbours: developers.termii.com, read in 2026."""

from typing import TypeVar

import msgspec

from hms_server.contract.messaging import MessageState
from hms_server.contract.relay import ProviderField, Trouble
from hms_server.faults import Refused
from hms_server.messaging.carriers import Account, CannotSay, Fate, NotThere, Sms, check_address, nameless
from hms_server.relay.outside import Answer, Outside, OutsideFault
from hms_server.relay.providers import ProviderSpec, Values

NAME = "termii"
T = TypeVar("T")


class _Sent(msgspec.Struct, frozen=True):
    message_id: str | int
    message: str = ""


class _Reported(msgspec.Struct, frozen=True):
    """One line of the history."""

    receiver: str = ""
    message: str | None = None
    status: str = ""
    message_id: str | int = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""


def _check(_secrets: Values, settings: Values) -> None:
    check_address(settings)
    sender = settings.get("sender", "")
    if sender and not _SHORTEST_SENDER <= len(sender) <= _LONGEST_SENDER:
        raise Refused(
            "messaging.termii_sender",
            "A sender at Termii has 3 to 11 letters or digits, as it is registered there.",
            field="sender",
        )
    if settings.get("channel", "dnd") not in ("dnd", "generic"):
        raise Refused("messaging.termii_channel", "The route is dnd or generic.", field="channel")


_SHORTEST_SENDER, _LONGEST_SENDER = 3, 11

TERMII = ProviderSpec(
    name=NAME,
    title="Termii (SMS)",
    fields=(
        ProviderField(name="api_key", title="API key", secret=True, required=True),
        ProviderField(name="sender", title="Sender", required=True, hint="As registered at Termii"),
        ProviderField(
            name="channel",
            title="Route",
            default="dnd",
            hint="dnd reaches phones with Do-Not-Disturb too and has to be activated by Termii; else generic",
        ),
        ProviderField(
            name="address",
            title="Address",
            default="https://v3.api.termii.com",
            hint="The base URL of your account, from Termii's dashboard",
        ),
    ),
    check=_check,
)


class Termii:
    """A `Carrier`. The key travels in the body or the query: no address of a call may be logged."""

    def send(self, sms: Sms, account: Account, outside: Outside) -> Fate:
        answer = outside.request(
            "POST",
            f"{_base(account)}/api/sms/send",
            json={
                "api_key": account.secrets["api_key"],
                "to": sms.to.removeprefix("+"),
                "from": account.settings["sender"],
                "sms": sms.text,
                "type": "plain",
                "channel": account.settings["channel"],
            },
        )
        sent = _read(answer, _Sent, may_have_arrived=True)
        return Fate(state=MessageState.SENT, provider_id=str(sent.message_id))

    def find(
        self, sms: Sms, account: Account, outside: Outside, *, known: frozenset[str]
    ) -> Fate | NotThere | CannotSay:
        """Termii promises neither how far its history reaches nor how soon: not found is not known.

        Its times have no zone, so they are not compared; what belongs to other messages is left out.
        """
        for line in self._history(account, outside):
            same = line.receiver == sms.to.removeprefix("+") and line.message == sms.text
            if same and str(line.message_id) not in known:
                return _fate(line)
        return CannotSay()

    def report(self, provider_id: str, account: Account, outside: Outside) -> Fate:
        for line in self._history(account, outside, message_id=provider_id):
            if str(line.message_id) == provider_id:
                return _fate(line)
        return Fate(state=MessageState.SENT, provider_id=provider_id)

    def probe(self, account: Account, outside: Outside) -> None:
        _refuse_error(_get(account, outside, "/api/get-balance"))

    def _history(self, account: Account, outside: Outside, **query: str) -> list[_Reported]:
        answer = _get(account, outside, "/api/sms/inbox", **query)
        return _read(answer, list[_Reported], may_have_arrived=False)


def _get(account: Account, outside: Outside, path: str, **query: str) -> Answer:
    params = {"api_key": account.secrets["api_key"], **query}
    return outside.request("GET", f"{_base(account)}{path}", params=params, idempotent=True)


def _base(account: Account) -> str:
    return account.settings["address"].rstrip("/")


def _fate(line: _Reported) -> Fate:
    status, provider_id = line.status.strip().lower(), str(line.message_id)
    if status == "delivered":
        return Fate(state=MessageState.DELIVERED, provider_id=provider_id)
    if status.startswith("dnd"):
        why = "The phone has Do-Not-Disturb switched on. Ask Termii for the route dnd."
        return Fate(state=MessageState.FAILED, provider_id=provider_id, why=why)
    if status in _FAILED:
        why = f"Termii reports: {line.status.strip()}."
        return Fate(state=MessageState.FAILED, provider_id=provider_id, why=why)
    return Fate(state=MessageState.SENT, provider_id=provider_id)


def _read(answer: Answer, kind: type[T], *, may_have_arrived: bool) -> T:
    _refuse_error(answer)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutsideFault(
            Trouble.GARBLED,
            "Termii's answer cannot be read.",
            may_have_arrived=may_have_arrived,
            status=answer.status,
        ) from error


def _refuse_error(answer: Answer) -> None:
    if answer.status < _FIRST_ERROR:
        return
    try:
        told = msgspec.json.decode(answer.body, type=_Error).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = ""
    of_account = any(words in told.lower() for words in _ACCOUNT_WORDS)
    raise OutsideFault(
        Trouble.KEY if of_account else Trouble.DECLINED,
        f"Termii declines: {nameless(told)}." if told else "Termii declines the message and gives no reason.",
        may_have_arrived=False,
        status=answer.status,
    )


_FIRST_ERROR = 400
_FAILED = frozenset({"failed", "rejected", "expired", "message failed", "undelivered"})
_ACCOUNT_WORDS = ("insufficient", "balance", "not active", "unauthorized", "api key", "sender id")
"""Nothing will be sent before the administrator has put this right."""
