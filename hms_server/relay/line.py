"""A connection outwards that always ends: name, address, deadline and stop looked after for one call."""

import ipaddress
import queue
import selectors
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psutil

from hms_server.contract.relay import Trouble
from hms_server.relay.troubles import STOPPED, OutsideFault, classify, fault_of

CONNECT_WITHIN_S = 15.0
LOOK_EVERY_S = 0.1
"""How soon a call notices that it is to stop."""
PRIVATE_ENDINGS = ("localhost", "local", "lan", "internal", "intranet", "home", "corp", "home.arpa", "test")
NO_SIGN = "{host} gives no sign of life: the internet line takes what is sent, and nothing comes back."

Address = tuple[Any, ...]
Found = tuple[socket.AddressFamily, Address]


class Line:
    """One call's connection. Blocking reads end at the deadline, because the socket below them is shut.

    A read timeout alone would not do: it begins anew with every byte, so that a server which drips would
    hold the thread for ever; and no client library lets a read be interrupted from elsewhere.
    """

    def __init__(self, host: str, *, time_limit: timedelta, stop: threading.Event, proxied: bool) -> None:
        self.host = host
        self.proxied = proxied
        self.established = False
        """Through proxy and TLS: what is sent from now on goes to the provider."""
        self.through_proxy = False
        """The proxy has let the call through; what fails afterwards is not its fault."""
        self.sent = False
        self._deadline_s = time.monotonic() + time_limit.total_seconds()
        self._stop = stop
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.ended = ""
        """Why the socket was shut from this side: "stopped", "late" or not at all."""

    def left_s(self) -> float:
        """The time that is left; raises when there is none, or the call was told to stop."""
        left_s = self._deadline_s - time.monotonic()
        if self._stop.is_set():
            raise self.stopped()
        if left_s <= 0:
            raise self._late()
        return left_s

    def fault(self, error: BaseException) -> OutsideFault:
        """What an error of the client means, which does not know why its socket was shut."""
        if isinstance(error, OutsideFault):
            return error
        if self.ended == "stopped":
            return self.stopped()
        if self.ended == "late":
            return self._late()
        return classify(error, host=self.host, sent=self.sent)

    def stopped(self) -> OutsideFault:
        """Ended from this side: the server stops, or a person has called the job off."""
        return fault_of(Trouble.SILENT, self.host, may_have_arrived=self.sent, sentence=STOPPED)

    def _late(self) -> OutsideFault:
        return fault_of(Trouble.SILENT, self.host, may_have_arrived=self.sent)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While in here, a thread shuts the socket at the deadline or when the call is to stop."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="hms-relay-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            with self._lock:
                for one in self._sockets:
                    one.close()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(LOOK_EVERY_S):
            if not self.ended:
                self.ended = self._why_ended()
            if self.ended:
                self._shut()

    def _why_ended(self) -> str:
        if self._stop.is_set():
            return "stopped"
        return "late" if time.monotonic() >= self._deadline_s else ""

    def _shut(self) -> None:
        with self._lock:
            for one in self._sockets:
                # Not `close`: another thread is reading, and the number could be given away meanwhile.
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def open(self, host: str, port: int) -> socket.socket:
        """A connected socket that is watched; raises `OutsideFault`."""
        connected = self.reach(host, port)
        with self._lock:
            # TLS takes the socket over as an object of its own; a second handle still reaches the line.
            self._sockets.append(connected.dup())
        return connected

    def reach(self, host: str, port: int) -> socket.socket:
        """A connected socket to one of the host's addresses; raises `OutsideFault`."""
        try:
            return self._connect_any(host, self._resolve(host, port))
        except OutsideFault as fault:
            if self.proxied and fault.sentence != self.stopped().sentence:
                sentence = f"The clinic's proxy is not reached: {fault.sentence}"
                raise OutsideFault(Trouble.PROXY, sentence, may_have_arrived=False) from None
            raise

    def _resolve(self, host: str, port: int) -> Sequence[Found]:
        answers: queue.SimpleQueue[list[Found] | OSError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                answers.put([(family, address) for family, _, _, _, address in found])
            except OSError as error:
                answers.put(error)

        if _is_literal(host):
            ask()
        else:
            # The name service may take half a minute to say nothing, and cannot be interrupted.
            threading.Thread(target=ask, name="hms-relay-name", daemon=True).start()
        answer = self._await(answers)
        if isinstance(answer, OSError):
            raise fault_of(Trouble.NAME_UNKNOWN if has_way_out() else Trouble.NO_NETWORK, host)
        return answer if self.proxied else honest(host, answer)

    def _await(self, answers: "queue.SimpleQueue[list[Found] | OSError]") -> list[Found] | OSError:
        while True:
            with suppress(queue.Empty):
                return answers.get(timeout=min(LOOK_EVERY_S, self.left_s()))

    def _connect_any(self, host: str, found: Iterable[Found]) -> socket.socket:
        fault = fault_of(Trouble.NAME_UNKNOWN, host)
        until_s = time.monotonic() + CONNECT_WITHIN_S
        waiting = list(found)
        while waiting:
            family, address = waiting.pop(0)
            # A silent first address leaves time for the second.
            share_s = (until_s - time.monotonic()) / (len(waiting) + 1)
            try:
                return self._connect(family, address, share_s)
            except OSError as error:
                fault = classify(error, host=host, sent=False)
                if fault.trouble is Trouble.SILENT:
                    fault = fault_of(Trouble.SILENT, host, sentence=NO_SIGN)
        raise fault

    def _connect(self, family: socket.AddressFamily, address: Address, within_s: float) -> socket.socket:
        until_s = time.monotonic() + within_s
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(address)
            self._await_connection(one, until_s)
            one.settimeout(self.left_s())
        except BaseException:
            one.close()
            raise
        return one

    def _await_connection(self, one: socket.socket, until_s: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(one, selectors.EVENT_WRITE)
            while not selector.select(min(LOOK_EVERY_S, self.left_s())):
                if time.monotonic() >= until_s:
                    raise TimeoutError
        if number := one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, "the connection failed")


def honest(host: str, found: Sequence[Found]) -> Sequence[Found]:
    """The addresses that can belong to a public name; raises `NAME_LIES` where none can.

    An address, "localhost" or a name of the house, as an administrator may enter it, is taken at its word.
    """
    if _is_literal(host) or _is_of_the_house(host):
        return found
    public = [one for one in found if ipaddress.ip_address(str(one[1][0]).partition("%")[0]).is_global]
    if not public:
        raise fault_of(Trouble.NAME_LIES, host)
    return public


def is_loopback(host: str) -> bool:
    """Whether what is sent to that host never leaves this machine."""
    if host.lower() == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def has_way_out() -> bool:
    """Whether any interface of this machine but the loopback is up and has an address."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    addresses = (
        one.address.partition("%")[0]
        for name, all_of_it in psutil.net_if_addrs().items()
        if name in up
        for one in all_of_it
        if one.family in {socket.AF_INET, socket.AF_INET6}
    )
    return any(leads_out(address) for address in addresses)


def leads_out(address: str) -> bool:
    """Whether an address of this machine can have a way out."""
    given = ipaddress.ip_address(address)
    return not (given.is_loopback or given.is_link_local or given.is_unspecified)


def _is_literal(host: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _is_of_the_house(host: str) -> bool:
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(tuple(f".{ending}" for ending in PRIVATE_ENDINGS))
