"""The connection's own thread: it alone touches the sockets, keeps the link alive and settles the calls."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from uuid import UUID

import msgspec
import structlog
import zmq

from hms_desktop.connection.addresses import Tried
from hms_desktop.connection.identity import KeyPair, PinnedServer
from hms_desktop.connection.line import Bell, Change, Line
from hms_desktop.connection.listeners import Link, Listeners, tell
from hms_desktop.connection.pending import Pending, settle
from hms_desktop.connection.scout import Scout
from hms_desktop.connection.stream import EventStream
from hms_server.contract.envelope import (
    Done,
    Events,
    Fault,
    Following,
    FromServer,
    Lapsed,
    Ping,
    Pong,
    Position,
    Refusal,
)

log = structlog.get_logger()

CLOSED = Fault(code="link.closed", message="The connection to the server is closed.")
NOT_PAIRED = Fault(
    code="link.not_paired", message="The server does not accept this workstation: it has to be paired again."
)
DATABASE_AWAY = "server.database_away"


@dataclass(frozen=True, kw_only=True)
class Timings:
    """A server that says nothing for `dead_after_s` is given up for the next one.

    A try at an address ends after `patience_s`. Without a server for `look_after_s`, one is looked for in the
    network.
    """

    ping_every_s: float = 2.0
    dead_after_s: float = 6.0
    answer_within_s: float = 10.0
    patience_s: float = 5.0
    look_after_s: float = 2.0


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands while no server is reached; `since` is None while one is."""

    since: datetime | None
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class FollowOrder:
    """Asks the engine to follow the events of a session; the first answer is put into the queue."""

    session: str
    answers: SimpleQueue[Following | Fault]


@dataclass(frozen=True)
class Hint:
    """A server may be at these addresses; `typed` by a person, they are tried at once."""

    addresses: Sequence[str]
    typed: bool = False


Order = bytes | FollowOrder | Hint | None
SWITCH_EVERY_S = 10.0
"""So often at most a server is left because its database is away: where it is away for all, nobody gains."""


class Engine:
    """Orders come from any thread; everything that is private runs on the engine's thread only."""

    def __init__(
        self,
        server: PinnedServer,
        keys: KeyPair,
        *,
        timings: Timings,
        context: zmq.Context[zmq.Socket[bytes]],
        listeners: Listeners,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self.link = Link(connected=False, server=server.addresses[0])
        # Shared between threads without a lock: each is touched by single operations only, which are atomic.
        self.pending: dict[UUID, Pending] = {}
        self.server = server
        self.search = Search(since=datetime.now(UTC), tried=())
        self._orders: deque[Order] = deque()
        self._timings = timings
        self._listeners = listeners
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(FromServer).decode
        self._decode_position = msgspec.msgpack.Decoder(Position).decode
        self._stream: EventStream | None = None
        self._follow_order: FollowOrder | None = None
        self._ready = False
        self._instance: str | None = None
        self._heard_at_s = self._pinged_at_s = self._down_at_s = time.monotonic()
        self._switched_at_s = -SWITCH_EVERY_S
        self._closed = False
        self._bell = Bell()
        self._line = Line(context, server, keys, bell=self._bell, patience_s=timings.patience_s)
        looks = interfaces is None or bool(interfaces)
        self._scout = Scout(server.public_key, self.hint, interfaces=interfaces) if looks else None
        self._thread = threading.Thread(target=self._run, name="hms-connection", daemon=True)
        self._thread.start()

    @property
    def is_this_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def call(self, call_id: UUID, call: Pending) -> bool:
        """Takes a call over; it is kept until it is answered. False once the engine is closed."""
        if self._closed:
            return False
        self.pending[call_id] = call
        self._order(call.frame)
        return True

    def follow(self, order: FollowOrder) -> None:
        self._order(order)

    def hint(self, addresses: Sequence[str]) -> None:
        """A server may be there: it is tried while none is reached."""
        self._order(Hint(addresses))

    def try_now(self, address: str) -> None:
        """The same for what a person has typed."""
        self._order(Hint([address], typed=True))

    def close(self) -> None:
        """Returns when the thread and its sockets are gone, and every call has had its outcome."""
        if self._closed:
            return
        self._closed = True
        self._order(None)
        self._thread.join()
        if self._scout is not None:
            self._scout.close()
        self._bell.close()
        self._settle_all(CLOSED)

    def _order(self, order: Order) -> None:
        self._orders.append(order)
        self._bell.ring()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._line.close()

    def _step(self) -> bool:
        rang, changed, came = self._line.wait(self._next_duty_ms())
        if changed:
            for change in self._line.changes():
                self._on_change(change)
        if came:
            for frames in self._line.received():
                self._on_frames(frames)
        going_on = self._obey() if rang else True
        self._keep_alive()
        return going_on

    def _obey(self) -> bool:
        self._bell.silence()
        while self._orders:
            order = self._orders.popleft()
            if order is None:
                return False
            if isinstance(order, Hint):
                self._take_hint(order)
            elif isinstance(order, FollowOrder):
                self._follow_order = order
                self._stream = EventStream(order.session)
                self._send_follow()
            elif self._ready:
                self._line.send(order)
        return True

    def _take_hint(self, hint: Hint) -> None:
        if not hint.typed:
            self._line.hint(hint.addresses)
            return
        for address in hint.addresses:
            self._line.try_now(address)

    def _next_duty_ms(self) -> int:
        if self._line.is_up:
            ping_at_s = self._pinged_at_s + self._timings.ping_every_s
            next_at_s = min(ping_at_s, self._heard_at_s + self._timings.dead_after_s)
        else:
            next_at_s = min(self._line.next_at_s, time.monotonic() + self._timings.look_after_s)
        return max(0, int((next_at_s - time.monotonic()) * 1000) + 1)

    def _keep_alive(self) -> None:
        now_s = time.monotonic()
        if not self._line.is_up:
            self._line.go_on()
            self._look(now_s)
        elif now_s - self._heard_at_s >= self._timings.dead_after_s:
            self._line.give_up()
            self._set_down(self.link.problem)
        elif now_s - self._pinged_at_s >= self._timings.ping_every_s:
            self._ping()

    def _look(self, now_s: float) -> None:
        """Who moved to a new address announces it there; the old addresses are tried all the while."""
        tried = self._line.tried
        if tried != self.search.tried:
            self.search = Search(since=self.search.since or datetime.now(UTC), tried=tried)
        if self._scout is not None and now_s - self._down_at_s >= self._timings.look_after_s:
            self._scout.look()

    def _ping(self) -> None:
        self._pinged_at_s = time.monotonic()
        if not self._ready:
            return
        self._line.send(self._encode(Ping(time.monotonic_ns())))
        if self._stream is not None and self._stream.waiting:
            self._stream.interrupted()
            self._send_follow()

    def _on_change(self, change: Change) -> None:
        if change is Change.UP:
            self._ready = True
            self._instance = None
            self._heard_at_s = time.monotonic()
            self._ping()
            self._resume()
        else:
            self._set_down(NOT_PAIRED if change is Change.REFUSED else self.link.problem)

    def _resume(self) -> None:
        """Says again all that the server may not have heard; the same id is never carried out twice."""
        for call in tuple(self.pending.values()):
            self._line.send(call.frame)
        if self._stream is not None:
            self._stream.interrupted()
            self._send_follow()

    def _send_follow(self) -> None:
        if self._stream is not None and self._ready:
            self._line.send(self._encode(self._stream.ask()))

    def _set_down(self, problem: Fault | None) -> None:
        if self._ready:
            self._down_at_s = time.monotonic()
            self.search = Search(since=datetime.now(UTC), tried=())
        self._ready = False
        self._set_link(Link(connected=False, server=self._line.address, problem=problem))

    def _set_link(self, link: Link) -> None:
        if link != self.link:
            self.link = link
            tell(self._listeners.link, link)

    def _on_frames(self, frames: list[bytes]) -> None:
        self._heard_at_s = time.monotonic()
        try:
            message = self._decode(frames[-1])
            previous = self._decode_position(frames[0]) if len(frames) > 1 else None
        except msgspec.DecodeError as error:
            log.warning("message not understood", server=self._line.address, error=str(error))
            return
        if isinstance(message, Done):
            settle(self.pending.pop(message.id, None), message.body)
        elif isinstance(message, Refusal):
            settle(self.pending.pop(message.id, None), message.fault)
            if message.fault.code == DATABASE_AWAY:
                self._leave_cut_off()
        elif isinstance(message, Pong):
            self._on_pong(message)
        elif isinstance(message, Events):
            self._on_events(message, previous)
        else:
            self._on_follow_answer(message)

    def _leave_cut_off(self) -> None:
        """A server that has lost its database may not be the only one: another may still have it."""
        now_s = time.monotonic()
        if len(self._line.proven) > 1 and now_s - self._switched_at_s >= SWITCH_EVERY_S:
            self._switched_at_s = now_s
            self._line.give_up()
            self._set_down(self.link.problem)

    def _on_pong(self, pong: Pong) -> None:
        self._on_reached(pong.servers)
        restarted = self._instance is not None and self._instance != pong.instance
        self._instance = pong.instance
        round_trip_ms = round((time.monotonic_ns() - pong.sent_ns) / 1e6, 1)
        self._set_link(Link(connected=True, server=self._line.address, round_trip_ms=round_trip_ms))
        if restarted:
            self._resume()
        elif self._is_forgotten(pong.sent):
            self._send_follow()

    def _on_reached(self, servers: Sequence[str]) -> None:
        """The search is over; where the clinic's servers are is worth remembering."""
        if self.search.since is not None:
            self.search = Search(since=None, tried=())
        if self._scout is not None:
            self._scout.rest()
        self._line.confirm(servers)
        addresses = self._line.proven
        if addresses != self.server.addresses:
            self.server = msgspec.structs.replace(self.server, addresses=addresses)
            tell(self._listeners.moved, self.server)

    def _is_forgotten(self, sent: Position | None) -> bool:
        """Whether the server has stopped sending events, after it could not reach us for a while."""
        stream = self._stream
        return stream is not None and not stream.waiting and (sent is None or stream.missed(sent))

    def _on_events(self, events: Events, previous: Position | None) -> None:
        stream = self._stream
        if stream is None or stream.waiting or previous is None:
            return
        if stream.missed(previous):
            self._send_follow()
            return
        for event in stream.take(events.items):
            tell(self._listeners.event, event)

    def _on_follow_answer(self, answer: Following | Lapsed) -> None:
        if isinstance(answer, Lapsed):
            self._stream = None
            tell(self._listeners.lapsed, answer.fault)
        elif self._stream is not None:
            if not self._stream.answered(answer):
                self._send_follow()
            if answer.gap:
                tell(self._listeners.gap)
            if self._stream.waiting:
                return
        if self._follow_order is not None:
            self._follow_order.answers.put(answer.fault if isinstance(answer, Lapsed) else answer)
            self._follow_order = None

    def _settle_all(self, fault: Fault) -> None:
        while self.pending:
            settle(self.pending.popitem()[1], fault)
        if self._follow_order is not None:
            self._follow_order.answers.put(fault)
