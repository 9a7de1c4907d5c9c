"""What travels between a workstation and the server: calls, answers, faults and numbered events."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

PROTOCOL = 1
"""Raised when an old desktop could misunderstand an answer; the server is upgraded first."""

OLDEST_PROTOCOL = 1
"""What the server still understands; a desktop with an older one has to be updated before it can be used."""

MAX_MESSAGE_BYTES = 1 << 20

Answer = TypeVar("Answer")


class Request(msgspec.Struct, Generic[Answer], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order of a slice; strict, since what is misspelt here would be silently ignored."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that was committed; tolerant, since a newer server may add fields."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused: a stable code, a sentence for a person, and the field it belongs to."""

    code: str
    message: str
    field: str | None = None
    data: dict[str, str] = {}


class Position(NamedTuple):
    """A place in the order of events: the transaction that wrote the event, then the event's own number."""

    transaction: int
    number: int


class Call(msgspec.Struct, frozen=True, tag="call", array_like=True):
    """One request; `id` is also the idempotency key, `session` the secret that sign-in gave."""

    id: UUID
    name: str
    session: str
    body: msgspec.Raw


class Follow(msgspec.Struct, frozen=True, tag="follow", array_like=True):
    """Asks for the events that the session may see, from a position on (None: from now on)."""

    session: str
    position: Position | None
    protocol: int = PROTOCOL


class Ping(msgspec.Struct, frozen=True, tag="ping", array_like=True):
    """The workstation is there; `sent_ns` comes back, so that it can measure the round trip."""

    sent_ns: int


ToServer = Call | Follow | Ping


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """The call with this id was carried out and is stored."""

    id: UUID
    body: msgspec.Raw


class Refusal(msgspec.Struct, frozen=True, tag="refusal", array_like=True):
    """The call with this id changed nothing, and why."""

    id: UUID
    fault: Fault


class Following(msgspec.Struct, frozen=True, tag="following", array_like=True):
    """Events will come from here on; `gap` means that older ones are gone: fetch everything again."""

    position: Position
    gap: bool


class Lapsed(msgspec.Struct, frozen=True, tag="lapsed", array_like=True):
    """The session that wanted to follow is not signed in any more."""

    fault: Fault


class EventItem(msgspec.Struct, frozen=True, array_like=True):
    """One committed event by name, with its body still packed."""

    position: Position
    name: str
    at: datetime
    body: msgspec.Raw


class Events(msgspec.Struct, frozen=True, tag="events", array_like=True):
    """A run of events in order. The frame before it holds the position this session was last sent."""

    items: list[EventItem]


class Pong(msgspec.Struct, frozen=True, tag="pong", array_like=True):
    """The answer to a ping; a new `instance` means that the server was started again.

    `sent` is the position up to which this screen was sent its events, None when the server does not know it
    as a follower: one that believes otherwise asks to follow again. `servers` are the ZeroMQ addresses of all
    servers of the clinic, this one's first.
    """

    sent_ns: int
    instance: str
    now: datetime
    sent: Position | None = None
    servers: list[str] = []


FromServer = Done | Refusal | Following | Lapsed | Events | Pong
