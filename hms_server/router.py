"""ROUTER frames ⇄ envelopes: device identity, worker lanes, heartbeat and fan-out; no rules."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic
from uuid import uuid4

import msgspec
import structlog
import zmq
from zmq.utils import z85

from hms_server import following
from hms_server.clock import Clock
from hms_server.contract.envelope import (
    MAX_MESSAGE_BYTES,
    Call,
    Events,
    Fault,
    Follow,
    Following,
    FromServer,
    Lapsed,
    Ping,
    Pong,
    Position,
    Refusal,
    ToServer,
)
from hms_server.doorway import Gate, TaskT
from hms_server.faults import DATABASE_AWAY
from hms_server.following import ActorT, Ahead, Committed, Resumed, Subscription
from hms_server.life_signs import LifeSigns
from hms_server.listening import ListenRefused, listen

log = structlog.get_logger()

RECENT_EVENTS = 20_000
"""What a reconnecting workstation can catch up on from memory."""
SILENT_AFTER_S = 20.0
HIGH_WATER = 20_000
ZAP_ENDPOINT = "inproc://zeromq.zap.01"
OUTBOX_ENDPOINT = "inproc://hms-outbox"


class Router(Generic[ActorT, TaskT]):
    """One thread owns the sockets; workers get tasks by queue and answer through an inproc pipe."""

    def __init__(
        self,
        gate: Gate[ActorT, TaskT],
        *,
        bind: str,
        secret_key: bytes,
        public_key: bytes,
        clock: Clock,
        workers: int,
        slow_workers: int = 2,
    ) -> None:
        self.instance = uuid4().hex
        self._servers: list[str] = []
        self._gate = gate
        self._clock = clock
        self._context = zmq.Context()
        self._stopping = threading.Event()
        self._fast: queue.SimpleQueue[tuple[bytes, str, Call | Follow] | None] = queue.SimpleQueue()
        self._slow: queue.SimpleQueue[tuple[bytes, str, Call | Follow] | None] = queue.SimpleQueue()
        self._spare: queue.SimpleQueue[tuple[bytes, str, Call | Follow] | None] = queue.SimpleQueue()
        self._published: deque[Sequence[Committed]] = deque()
        self._resumed: deque[Resumed[ActorT]] = deque()
        self._refreshing: deque[Callable[[ActorT], bool]] = deque()
        self._recent: deque[Committed] = deque(maxlen=RECENT_EVENTS)
        self._position: Position | None = None
        self._subscriptions: dict[bytes, Subscription[ActorT]] = {}
        self._ahead: Ahead[ActorT] = Ahead()
        self._decode = msgspec.msgpack.Decoder(ToServer).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind(ZAP_ENDPOINT)
        self._inbox = self._context.socket(zmq.PULL)
        self._inbox.rcvhwm = 0
        self._inbox.bind(OUTBOX_ENDPOINT)
        self._socket = self._open_router(bind, secret_key, public_key)
        self._publisher = self._push_socket()
        self._publisher_lock = threading.Lock()
        self._threads = [threading.Thread(target=self._route, name="hms-router", daemon=True)]
        self._threads += [self._worker(self._fast, "worker", n) for n in range(workers)]
        self._threads += [self._worker(self._slow, "slow", n) for n in range(slow_workers)]
        self._threads.append(self._worker(self._spare, "spare", 0))
        self._workers = (workers, slow_workers, 1)
        self.life = LifeSigns({"worker": workers, "slow": slow_workers})

    @property
    def endpoint(self) -> str:
        """Where the socket really is, also when port 0 was asked for."""
        endpoint: str = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        return endpoint

    def load(self) -> dict[str, int]:
        """How many calls wait in each lane, and how many screens follow; near enough, for whoever watches."""
        waiting = {"fast": self._fast.qsize(), "slow": self._slow.qsize(), "spare": self._spare.qsize()}
        return waiting | {"followers": len(self._subscriptions)}

    def start(self, position: Position) -> None:
        """Begins to serve; `position` is where the event pump begins."""
        self._position = position
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Lets the workers finish what they hold, sends their answers, and closes."""
        for lane, count in zip((self._fast, self._slow, self._spare), self._workers, strict=True):
            for _ in range(count):
                lane.put(None)
        for thread in self._threads[1:]:
            thread.join()
        self._stopping.set()
        self._tell_router(b"")
        self._threads[0].join()
        with self._publisher_lock:
            self._publisher.close()
        self._context.term()

    def publish(self, events: Sequence[Committed]) -> None:
        """Called by the event pump's thread: these are committed and in order."""
        self._published.append(events)
        self._tell_router(b"")

    def tell_servers(self, addresses: list[str]) -> None:
        """Called by any thread: here are all servers of the clinic; every pong says so from now on."""
        self._servers = addresses

    def refresh(self, concerns: Callable[[ActorT], bool]) -> None:
        """Called by any thread: these people's sessions or rights changed, look at them anew."""
        self._refreshing.append(concerns)
        self._tell_router(b"")

    def _tell_router(self, frame: bytes) -> None:
        with self._publisher_lock:
            self._publisher.send(frame)

    def _open_router(self, bind: str, secret_key: bytes, public_key: bytes) -> zmq.Socket[bytes]:
        router = self._context.socket(zmq.ROUTER)
        router.curve_server = True
        router.curve_secretkey = secret_key
        router.curve_publickey = public_key
        router.zap_domain = b"hms"
        router.maxmsgsize = MAX_MESSAGE_BYTES
        router.sndhwm = HIGH_WATER
        router.rcvhwm = HIGH_WATER
        router.linger = 500
        router.router_mandatory = True
        router.router_handover = False
        router.heartbeat_ivl = 5_000
        router.heartbeat_timeout = 15_000
        router.handshake_ivl = 5_000
        try:
            listen(router, bind)
        except ListenRefused:
            self._context.destroy(linger=0)
            raise
        return router

    def _push_socket(self) -> zmq.Socket[bytes]:
        push = self._context.socket(zmq.PUSH)
        push.sndhwm = 0
        push.linger = 0
        push.connect(OUTBOX_ENDPOINT)
        return push

    # The router's thread.

    def _route(self) -> None:
        poller = zmq.Poller()
        for waiting in (self._socket, self._inbox, self._zap):
            poller.register(waiting, zmq.POLLIN)
        prune_at = time.monotonic() + SILENT_AFTER_S
        # The first round does not wait: whoever watches is to know at once that it turns.
        wait_ms = 0
        while not self._stopping.is_set() or self._inbox.poll(0):
            ready, wait_ms = dict(poller.poll(wait_ms)), 1000
            self.life.came_round()
            if self._zap in ready:
                self._answer_handshake()
            if self._inbox in ready:
                self._drain_inbox()
            if self._socket in ready:
                self._drain_socket()
            if time.monotonic() > prune_at:
                self._forget_silent()
                prune_at = time.monotonic() + SILENT_AFTER_S
        for closing in (self._socket, self._inbox, self._zap):
            closing.close()

    def _answer_handshake(self) -> None:
        """ZAP (ZeroMQ RFC 27): lets paired devices in and names their key as the user id."""
        version, request, _domain, _address, _identity, mechanism, *credentials = self._zap.recv_multipart()
        key = z85.encode(credentials[0]).decode() if mechanism == b"CURVE" else ""
        if key and self._gate.knows_device(key):
            self._zap.send_multipart([version, request, b"200", b"OK", key.encode(), b""])
        else:
            self._zap.send_multipart([version, request, b"400", b"not paired", b"", b""])

    def _drain_inbox(self) -> None:
        """Sends what workers have answered, and what the pump has published."""
        for _ in range(1000):
            try:
                frames = self._inbox.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            if len(frames) > 1:
                self._send(frames)
        while self._resumed:
            self._subscribe(self._resumed.popleft())
        while self._published:
            self._fan_out(self._published.popleft())
        while self._refreshing:
            self._identify_again(self._refreshing.popleft())

    def _identify_again(self, concerns: Callable[[ActorT], bool]) -> None:
        """Stops sending until the database has confirmed the session; what happens meanwhile is caught up."""
        for identity, subscription in list(self._subscriptions.items()):
            if concerns(subscription.actor):
                del self._subscriptions[identity]
                follow = Follow(subscription.session, subscription.sent)
                self._slow.put((identity, subscription.device, follow))

    def _drain_socket(self) -> None:
        for _ in range(200):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            if len(frames) == 2:  # noqa: PLR2004 - a DEALER's message is one frame behind its identity
                device = frames[1].get("User-Id")
                self._receive(frames[0].bytes, device if isinstance(device, str) else "", frames[1].buffer)

    def _receive(self, identity: bytes, device: str, payload: Any) -> None:
        if not self._gate.knows_device(device):
            return
        try:
            message = self._decode(payload)
        except msgspec.DecodeError as error:
            log.info("malformed message", device=device[:8], error=str(error))
            return
        if isinstance(message, Ping):
            self._answer_ping(identity, message)
        elif isinstance(message, Call):
            answer = self._gate.at_once(message, device)
            if answer is not None:
                self._send([identity, self._encode(answer)])
                return
            self._lane_of(message.name).put((identity, device, message))
        else:
            self._follow(identity, device, message)

    def _lane_of(self, name: str) -> queue.SimpleQueue[tuple[bytes, str, Call | Follow] | None]:
        if self._gate.is_spare(name):
            return self._spare
        return self._slow if self._gate.is_slow(name) else self._fast

    def _answer_ping(self, identity: bytes, ping: Ping) -> None:
        subscription = self._subscriptions.get(identity)
        if subscription is not None:
            subscription.seen_s = time.monotonic()
        sent = subscription.sent if subscription is not None else None
        pong = Pong(ping.sent_ns, self.instance, self._clock(), sent, self._servers)
        self._send([identity, self._encode(pong)])

    def _follow(self, identity: bytes, device: str, follow: Follow) -> None:
        actor = following.protocol_fault(follow.protocol) or self._gate.identify(follow.session, device)
        if isinstance(actor, Fault):
            self._send([identity, self._encode(Lapsed(actor))])
        elif actor is None or self._is_long_ago(follow):
            self._slow.put((identity, device, follow))
        else:
            self._subscribe(Resumed(identity, device, follow, actor, None))

    def _is_long_ago(self, follow: Follow) -> bool:
        oldest = self._recent[0].position if self._recent else self._now()
        return follow.position is not None and follow.position < oldest

    def _now(self) -> Position:
        if self._position is None:
            raise AssertionError("the router serves only after start()")
        return self._position

    def _subscribe(self, resumed: Resumed[ActorT]) -> None:
        """From here on this screen gets events; first those that it missed."""
        follow, now = resumed.follow, self._now()
        if self._ahead.holds(resumed, now, at_s=time.monotonic()):
            return
        wanted = now if follow.position is None else follow.position
        gap = wanted > now or (resumed.earlier is None and self._is_long_ago(follow))
        start = now if gap else wanted
        subscription = Subscription(resumed.actor, follow.session, resumed.device, start, time.monotonic())
        self._subscriptions[resumed.identity] = subscription
        self._send([resumed.identity, self._encode(Following(start, gap))])
        missed = following.missed_between(start, now, earlier=resumed.earlier, recent=self._recent)
        if missed:
            self._send_events(resumed.identity, subscription, missed, {})

    def _fan_out(self, events: Sequence[Committed]) -> None:
        self._recent.extend(events)
        self._position = events[-1].position
        packed: dict[tuple[int, ...], bytes] = {}
        for identity, subscription in list(self._subscriptions.items()):
            self._send_events(identity, subscription, events, packed)
        for held in self._ahead.reached(self._position):
            # Whose session has ended meanwhile is not let in by what was known before.
            self._follow(held.identity, held.device, held.follow)

    def _send_events(
        self,
        identity: bytes,
        subscription: Subscription[ActorT],
        events: Sequence[Committed],
        packed: dict[tuple[int, ...], bytes],
    ) -> None:
        """Sends what this person may see; equal selections are packed once for all who share them."""
        chosen = tuple(
            index for index, event in enumerate(events) if following.may_see(subscription.actor, event)
        )
        if not chosen:
            return
        payload = packed.get(chosen)
        if payload is None:
            payload = packed[chosen] = self._encode(
                Events([following.as_item(events[index]) for index in chosen])
            )
        self._send([identity, self._encode(subscription.sent), payload])
        subscription.sent = events[chosen[-1]].position

    def _send(self, frames: list[bytes]) -> None:
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            # Unreachable or too slow: it will come back, find the gap by its position, and ask.
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            self._subscriptions.pop(frames[0], None)

    def _forget_silent(self) -> None:
        limit = time.monotonic() - SILENT_AFTER_S
        self._ahead.forget(limit)
        for identity, subscription in list(self._subscriptions.items()):
            lapsed = self._gate.peek(subscription.session, subscription.device)
            if isinstance(lapsed, Fault):
                self._send([identity, self._encode(Lapsed(lapsed))])
            if isinstance(lapsed, Fault) or subscription.seen_s < limit:
                self._subscriptions.pop(identity, None)

    # Worker threads.

    def _worker(self, lane: queue.SimpleQueue[Any], name: str, number: int) -> threading.Thread:
        arguments = (lane, name, number)
        return threading.Thread(target=self._work, args=arguments, name=f"hms-{name}-{number}", daemon=True)

    def _work(
        self, lane: queue.SimpleQueue[tuple[bytes, str, Call | Follow] | None], name: str, number: int
    ) -> None:
        push = self._push_socket()
        push.linger = 1000
        encode = msgspec.msgpack.Encoder().encode
        while (job := lane.get()) is not None:
            identity, device, message = job
            self.life.begin(name, number)
            if isinstance(message, Call):
                push.send_multipart([identity, encode(self._answer(message, device))])
            else:
                push.send_multipart(self._resume(identity, device, message))
            self.life.end(name, number)
        self._gate.close_thread()
        push.close()

    def _resume(self, identity: bytes, device: str, follow: Follow) -> list[bytes]:
        """Finds who follows and what was missed, then lets the router's thread go on.

        While the database is away nobody can say that the session has ended: without an answer the
        workstation asks again at its next ping.
        """
        actor = self._gate.identify_slowly(follow.session, device)
        if actor == DATABASE_AWAY:
            return [b""]
        if isinstance(actor, Fault):
            return [identity, msgspec.msgpack.encode(Lapsed(actor))]
        earlier = self._gate.read_events(follow.position) if follow.position else None
        self._resumed.append(Resumed(identity, device, follow, actor, earlier))
        return [b""]

    def _answer(self, call: Call, device: str) -> FromServer:
        actor = self._gate.identify(call.session, device) or self._gate.identify_slowly(call.session, device)
        if isinstance(actor, Fault):
            return Refusal(call.id, actor)
        task = self._gate.admit(call, actor)
        return task if isinstance(task, Refusal) else self._gate.run(task)
