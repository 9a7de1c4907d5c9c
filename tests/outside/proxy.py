"""An internet line that fails: a TCP proxy on loopback that cuts, delays, swallows and doubles."""

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

CHUNK = 1 << 16
LINGER_RESET = b"\1\0\0\0\0\0\0\0"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What becomes of one connection; without any of it, it simply passes."""

    delay_s: float = 0.0
    """Before the request goes on."""
    cut_after: int | None = None
    """Bytes of the answer after which the connection breaks; 0 loses the answer whole."""
    half_open: bool = False
    """Accepted, and then nothing: the request does not go on."""
    swallow_answer: bool = False
    """The request goes through, and the answer is lost without a sign."""
    twice: bool = False
    """The request arrives twice; the first answer comes back. For servers that close after one answer."""


PASS = Passage()


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How often what happens, each from 0 to 1; chosen anew for every connection."""

    cut: float = 0.0
    half_open: float = 0.0
    swallow: float = 0.0
    twice: float = 0.0
    delayed: float = 0.0
    longest_delay_s: float = 0.0

    def passage(self, chance: random.Random) -> Passage:
        """The lot of one connection."""
        delay_s = chance.uniform(0, self.longest_delay_s) if chance.random() < self.delayed else 0.0
        return Passage(
            delay_s=delay_s,
            cut_after=chance.choice((0, 1, 40, 300)) if chance.random() < self.cut else None,
            half_open=chance.random() < self.half_open,
            swallow_answer=chance.random() < self.swallow,
            twice=chance.random() < self.twice,
        )


class FaultyLine:
    """Forwards to a port of this machine, as badly as `choose` says of each connection.

    `go_down` and `come_up` refuse and take connections, as a destination that is not there; what is under
    way breaks.
    """

    def __init__(self, target_port: int, *, choose: Callable[[], Passage] = lambda: PASS) -> None:
        self.choose = choose
        self.passed = 0
        """Connections that were taken so far."""
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="faulty-line", daemon=True)
        self._listener: socket.socket | None = None
        self._fresh: set[socket.socket] = set()
        """Taken, and not served yet."""
        self._refusing: socket.socket | None = _bound(0)
        self.port = int(self._refusing.getsockname()[1])
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.come_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._refusing is not None:
            self._refusing.close()

    def go_down(self) -> None:
        """From now on connections are refused."""
        self._do(self._go_down())

    def come_up(self) -> None:
        """From now on connections are taken again."""
        self._do(self._come_up())

    def always(self, passage: Passage) -> None:
        """Every connection from now on has that lot."""
        self.choose = lambda: passage

    def weather(self, weather: Weather, *, chance: random.Random) -> None:
        """Every connection from now on has a lot by chance."""
        self.choose = lambda: weather.passage(chance)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _come_up(self) -> None:
        if self._refusing is None:
            return
        self._refusing.close()
        self._refusing = None
        self._listener = _bound(self.port)
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._take, self._listener)

    async def _go_down(self) -> None:
        await self._close()
        if self._refusing is None:
            # A bound socket that does not listen: the port is refused, and nobody else is given it.
            self._refusing = _bound(self.port)

    async def _close(self) -> None:
        # The line takes its connections itself: a server of asyncio that is closed in the middle of taking
        # one forgets it, open as it is.
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A task that is cancelled before it has begun closes nothing itself.
        for taken in self._fresh:
            taken.close()
        self._fresh.clear()

    def _take(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            taken, _ = listener.accept()
            self.passed += 1
            self._fresh.add(taken)
            task = self._loop.create_task(self._begin(taken, self.choose()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _begin(self, taken: socket.socket, passage: Passage) -> None:
        self._fresh.discard(taken)
        taken.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=taken)
        await self._serve(reader, writer, passage)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage
    ) -> None:
        try:
            with suppress(OSError):
                if passage.half_open:
                    await reader.read()
                else:
                    await self._pass(reader, writer, passage)
        except asyncio.CancelledError:
            _reset(writer)
            raise
        finally:
            writer.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage
    ) -> None:
        await asyncio.sleep(passage.delay_s)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        sent = bytearray()
        onward = self._loop.create_task(_onward(reader, far_writer, sent))
        try:
            await _back(far_reader, writer, passage)
        finally:
            onward.cancel()
            far_writer.close()
        if passage.twice:
            await self._repeat(bytes(sent))

    async def _repeat(self, request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            writer.write(request)
            await reader.read()
        finally:
            writer.close()


async def _onward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytearray) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            sent += data
            writer.write(data)
            await writer.drain()


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage) -> None:
    left = passage.cut_after
    while data := await reader.read(CHUNK):
        if passage.swallow_answer:
            continue
        writer.write(data if left is None else data[:left])
        await writer.drain()
        if left is not None and (left := left - len(data)) <= 0:
            _reset(writer)
            return
    if passage.swallow_answer:
        # The other side only ever hears silence, until it gives up or the line goes down.
        await asyncio.Event().wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    return one
