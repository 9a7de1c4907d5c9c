"""Twilio and Termii on loopback, as their documentation has them, with what became of each SMS."""

import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from tests.outside.local import LocalServer, Reply, Seen


@dataclass
class Text:
    """One SMS at the provider; `status` is what the provider says of it next."""

    id: str
    to: str
    text: str
    sender: str
    status: str
    at: datetime
    error_code: int | None = None


@dataclass
class SmsProvider:
    """What both have in common. `declines` gives an error for a number; `clock` is the provider's own."""

    key: str
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    texts: list[Text] = field(default_factory=list)
    declines: dict[str, Reply] = field(default_factory=dict)
    next_status: str = ""

    def __post_init__(self) -> None:
        self.server = LocalServer(self.answer)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)

    def answer(self, seen: Seen) -> Reply:
        raise NotImplementedError

    def lose_answer(self) -> None:
        """The next call goes through, and its answer is lost."""

        def swallow(seen: Seen) -> Reply:
            self.answer(seen)
            return Reply(swallow=True)

        self.server.troubles.append(swallow)

    def lose_call(self) -> None:
        """The next call is lost before the provider has understood it."""
        self.server.troubles.append(Reply(swallow=True))

    def texts_to(self, to: str) -> list[str]:
        return [text.text for text in self.texts if text.to == to]

    def _take(self, *, to: str, text: str, sender: str, status: str, id_: str) -> Text:
        taken = Text(
            id=id_, to=to, text=text, sender=sender, status=self.next_status or status, at=self.clock()
        )
        self.texts.append(taken)
        return taken


@dataclass
class FakeTwilio(SmsProvider):
    """Programmable Messaging: Basic sign-in, forms in, JSON out, errors with a code of Twilio's own."""

    account_sid: str = "AC" + "0" * 32
    page_size: int = 1000

    @property
    def settings(self) -> dict[str, str]:
        return {"account_sid": self.account_sid, "sender": "+14155550100", "address": self.server.url}

    def answer(self, seen: Seen) -> Reply:
        given = seen.headers.get("authorization", "").removeprefix("Basic ")
        if b64decode(given).decode() != f"{self.account_sid}:{self.key}":
            return self._error(401, 20003, "Authenticate")
        base = f"/2010-04-01/Accounts/{self.account_sid}"
        if seen.path == f"{base}.json":
            return Reply.of({"sid": self.account_sid, "status": "active"})
        if seen.path == f"{base}/Messages.json":
            return self._create(seen) if seen.method == "POST" else self._list(seen)
        found = [text for text in self.texts if seen.path == f"{base}/Messages/{text.id}.json"]
        return Reply.of(self._shown(found[0])) if found else self._error(404, 20404, "Not found")

    def _create(self, seen: Seen) -> Reply:
        form = seen.form()
        if form["To"] in self.declines:
            return self.declines[form["To"]]
        sender = form.get("From") or form["MessagingServiceSid"]
        text = self._take(
            to=form["To"], text=form["Body"], sender=sender, status="queued", id_=f"SM{secrets.token_hex(16)}"
        )
        return Reply.of(self._shown(text), status=201)

    def _list(self, seen: Seen) -> Reply:
        mine = [text for text in reversed(self.texts) if text.to == seen.query["To"]]
        size = min(int(seen.query.get("PageSize", "50")), self.page_size)
        more = "/2010-04-01/next" if len(mine) > size else None
        return Reply.of({"messages": [self._shown(text) for text in mine[:size]], "next_page_uri": more})

    def _shown(self, text: Text) -> dict[str, Any]:
        return {
            "sid": text.id,
            "account_sid": self.account_sid,
            "to": text.to,
            "from": text.sender,
            "body": text.text,
            "status": text.status,
            "direction": "outbound-api",
            "num_segments": "1",
            "date_created": format_datetime(text.at),
            "date_sent": None,
            "error_code": text.error_code,
            "error_message": None,
        }

    @staticmethod
    def _error(status: int, code: int, message: str) -> Reply:
        more = f"https://www.twilio.com/docs/errors/{code}"
        return Reply.of(
            {"code": code, "message": message, "more_info": more, "status": status}, status=status
        )

    @classmethod
    def error(cls, code: int, message: str) -> Reply:
        """What Twilio answers to a message that it does not take."""
        return cls._error(400, code, message)


@dataclass
class FakeTermii(SmsProvider):
    """Messaging and history: the key in body or query, times without a zone, whole history in one answer."""

    channels: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        return {"sender": "Sunrise", "address": self.server.url}

    def answer(self, seen: Seen) -> Reply:
        given: Mapping[str, str] = seen.query if seen.method == "GET" else seen.json()
        if given.get("api_key") != self.key:
            return Reply.of({"message": "Invalid API key"}, status=401)
        if seen.path == "/api/get-balance":
            return Reply.of({"user": "Sunrise Clinic", "balance": 1450.5, "currency": "NGN"})
        if seen.path == "/api/sms/send" and seen.method == "POST":
            return self._send(given)
        if seen.path == "/api/sms/inbox":
            wanted = given.get("message_id")
            shown = [self._shown(text) for text in reversed(self.texts) if wanted in (None, text.id)]
            return Reply.of(shown)
        return Reply.of({"message": "Not found"}, status=404)

    def _send(self, given: Mapping[str, str]) -> Reply:
        if given["to"] in self.declines:
            return self.declines[given["to"]]
        assert given["type"] == "plain"
        self.channels.append(given["channel"])
        text = self._take(
            to=given["to"],
            text=given["sms"],
            sender=given["from"],
            status="Message Sent",
            id_=str(secrets.randbelow(10**25)),
        )
        return Reply.of(
            {"code": "ok", "message_id": text.id, "message": "Successfully Sent", "balance": 9, "user": "Esi"}
        )

    @staticmethod
    def _shown(text: Text) -> dict[str, Any]:
        return {
            "sender": text.sender,
            "receiver": text.to,
            "message": text.text,
            "amount": 1,
            "reroute": 0,
            "status": text.status,
            "sms_type": "plain",
            "send_by": "api",
            "media_url": None,
            "message_id": text.id,
            "notify_url": None,
            "notify_id": None,
            "created_at": f"{text.at:%Y-%m-%d %H:%M:%S}",
        }
