"""A paired workstation's connection to its clinic: requests, answers and events, without Qt.

All callbacks run on the connection's own thread, one after the other: they must be quick and must not `ask`.
"""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID, uuid4

import msgspec
import zmq

from hms_desktop.connection.endpoints import typed_endpoint
from hms_desktop.connection.engine import CLOSED, Engine, FollowOrder, Search, Timings
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import KeyPair, PinnedServer
from hms_desktop.connection.listeners import Link, Listeners
from hms_desktop.connection.pending import Pending
from hms_desktop.connection.registry import answer_decoder
from hms_server.contract.accounts import SignedIn, SignIn, SignOut
from hms_server.contract.envelope import Call, Event, Fault, Following, Position, Request

A = TypeVar("A")

IO_THREADS = 2
"""One for addresses that are numbers, one that may wait until a name is found."""


class Client:
    """Safe to use from any thread. `close` (or a `with` block) ends its thread and leaves nothing behind.

    A server that has moved is looked for on these `interfaces` (None: on all, an empty list: nowhere), and
    taken once it has proved that it has the pinned key.
    """

    def __init__(
        self,
        server: PinnedServer,
        keys: KeyPair,
        *,
        timings: Timings | None = None,
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self._timings = timings or Timings()
        self._own_context = context is None
        self._context = context or zmq.Context(io_threads=IO_THREADS)
        self._encode = msgspec.msgpack.Encoder().encode
        self._session = ""
        self._listeners = Listeners()
        self._engine = Engine(
            server,
            keys,
            timings=self._timings,
            context=self._context,
            listeners=self._listeners,
            interfaces=interfaces,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def link(self) -> Link:
        """The connection as it is at this moment."""
        return self._engine.link

    @property
    def server(self) -> PinnedServer:
        """The clinic with the addresses at which its servers were last reached, the one in use first."""
        return self._engine.server

    @property
    def search(self) -> Search:
        """Since when no server is reached, and what has become of each address that was tried."""
        return self._engine.search

    def try_address(self, text: str) -> None:
        """Tries what a person has typed, such as `10.0.0.5`; `ValueError` says why it is no address.

        Only a server with the pinned key is taken. Without a port, it is the one of the server used last.
        """
        port = int(self._engine.link.server.rpartition(":")[2])
        self._engine.try_now(typed_endpoint(text, port=port))

    @property
    def waiting(self) -> int:
        """How many submitted requests are on this workstation only, without an answer so far."""
        return sum(1 for call in tuple(self._engine.pending.values()) if call.kept)

    @property
    def session(self) -> str:
        """The secret of the signed-in session, empty before sign-in."""
        return self._session

    def ask(
        self, request: Request[A], *, timeout_s: float | None = None, request_id: UUID | None = None
    ) -> A:
        """The answer. `FaultError` says that the server refused, or that nothing is known after `timeout_s`.

        In the second case the request may still have been carried out: asking again with the same
        `request_id` (the fault's `data` holds it) gives the answer without doing it twice.
        """
        self._refuse_own_thread()
        within_s = self._timings.answer_within_s if timeout_s is None else timeout_s
        answers: SimpleQueue[A | Fault] = SimpleQueue()
        call_id = request_id or uuid4()
        self._begin(call_id, request, answers.put, kept=False)
        try:
            outcome = answers.get(timeout=within_s)
        except Empty:
            self._engine.pending.pop(call_id, None)
            outcome = self._silence(within_s, {"request_id": str(call_id)})
        if isinstance(outcome, Fault):
            raise FaultError(outcome)
        return outcome

    def submit(
        self, request: Request[A], on_answer: Callable[[A | Fault], None], *, request_id: UUID | None = None
    ) -> UUID:
        """Sends the request now or when the server is there again; `on_answer` gets exactly one outcome."""
        call_id = request_id or uuid4()
        self._begin(call_id, request, on_answer, kept=True)
        return call_id

    def sign_in(self, user_name: str, password: str, *, timeout_s: float | None = None) -> SignedIn:
        """From here on all requests are made in that person's name."""
        answer = self.ask(SignIn(user_name=user_name, password=password), timeout_s=timeout_s)
        self._session = answer.secret
        return answer

    def sign_out(self, *, timeout_s: float | None = None) -> None:
        """Ends the session; this side forgets it even where the server cannot be reached."""
        try:
            self.ask(SignOut(), timeout_s=timeout_s)
        finally:
            self._session = ""

    def follow(self, *, timeout_s: float | None = None) -> Position:
        """Events come from now on, also after interruptions; what is fetched after this call is not older."""
        self._refuse_own_thread()
        within_s = self._timings.answer_within_s if timeout_s is None else timeout_s
        answers: SimpleQueue[Following | Fault] = SimpleQueue()
        self._engine.follow(FollowOrder(self._session, answers))
        try:
            outcome = answers.get(timeout=within_s)
        except Empty:
            outcome = self._silence(within_s, {})
        if isinstance(outcome, Fault):
            raise FaultError(outcome)
        return outcome.position

    def on_event(self, callback: Callable[[Event], None]) -> None:
        """Calls back with every event the session may see, in the order in which they were committed."""
        self._listeners.event.append(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Calls back when events are lost for good, so that everything shown has to be fetched again."""
        self._listeners.gap.append(callback)

    def on_lapsed(self, callback: Callable[[Fault], None]) -> None:
        """Calls back when the session that wanted to follow is not signed in any more."""
        self._listeners.lapsed.append(callback)

    def on_link(self, callback: Callable[[Link], None]) -> None:
        """Calls back with every change of the connection and every newly measured round trip."""
        self._listeners.link.append(callback)

    def on_moved(self, callback: Callable[[PinnedServer], None]) -> None:
        """Calls back when the clinic's servers have other addresses than before, to be remembered."""
        self._listeners.moved.append(callback)

    def close(self) -> None:
        """Ends the connection. Requests without an answer get the fault `link.closed`."""
        self._engine.close()
        if self._own_context:
            self._context.term()

    def _begin(
        self, call_id: UUID, request: Request[A], on_answer: Callable[[A | Fault], None], *, kept: bool
    ) -> None:
        kind = type(request)
        body = msgspec.Raw(self._encode(request))
        frame = self._encode(Call(call_id, kind.__name__, self._session, body))
        if not self._engine.call(call_id, Pending(frame, answer_decoder(kind), on_answer, kept)):
            raise FaultError(CLOSED)

    def _refuse_own_thread(self) -> None:
        if self._engine.is_this_thread:
            raise RuntimeError("A callback would wait for itself here: use submit().")

    def _silence(self, within_s: float, data: dict[str, str]) -> Fault:
        """Why nothing came: the most helpful reason that is known."""
        link = self.link
        if link.problem is not None:
            return link.problem
        if link.connected:
            message = f"The server has not answered within {within_s:g} seconds. It may still act on it."
            return Fault(code="link.timeout", message=message, data=data)
        message = "There is no connection to the server. Check that it is switched on and in the network."
        return Fault(code="link.down", message=message, data=data)
