"""A clinic's own HTTP proxy: it tunnels with CONNECT, may ask for a user, and may not get through."""

import base64
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class ConnectProxy:
    """Every name that is asked for leads to `target_port` of this machine, if the proxy gets through.

    `answer` is what it says to a CONNECT that is in order, such as "502 Bad Gateway"; None says nothing.
    """

    def __init__(
        self, target_port: int, *, user: str = "", password: str = "", answer: str | None = "200 Go on"
    ) -> None:
        self.asked: list[str] = []
        """Host and port of each CONNECT."""
        self._target_port = target_port
        self._word = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        for one in self._open:
            one.close()

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name="connect-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                self._start(lambda near=near: self._serve(near))  # type: ignore[misc] # a default binds it

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError):
            head = self._head(near)
            self.asked.append(head.split()[1] if head else "")
            if self._word and f"Basic {self._word}" not in head:
                near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif self._answer is not None:
                near.sendall(f"HTTP/1.1 {self._answer}\r\n\r\n".encode())
                if self._answer.startswith("200"):
                    self._tunnel(near)
            else:
                near.recv(1)
            near.shutdown(socket.SHUT_RDWR)

    def _head(self, near: socket.socket) -> str:
        head = b""
        while b"\r\n\r\n" not in head:
            data = near.recv(4096)
            if not data:
                return ""
            head += data
        return head.decode()

    def _tunnel(self, near: socket.socket) -> None:
        far = socket.create_connection(("127.0.0.1", self._target_port))
        self._open.append(far)
        self._start(lambda: _pour(near, far))
        _pour(far, near)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
