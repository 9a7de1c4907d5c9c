"""A real SMTP server on loopback (aiosmtpd) that refuses, drags, breaks off and keeps what it has taken."""

import asyncio
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 OK"
_LOG = logging.getLogger("mail.log")


@dataclass(frozen=True)
class Letter:
    """One mail that the server has taken."""

    sender: str
    to: str
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found


Answer = str | Callable[["MailServer", SMTP], Awaitable[str]]


async def break_off(_server: "MailServer", connection: SMTP) -> str:
    """The line breaks before the answer."""
    assert connection.transport is not None
    connection.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    return OK


async def say_nothing(server: "MailServer", _connection: SMTP) -> str:
    """A half-open line: the answer never comes."""
    await server.leaving.wait()
    return OK


@dataclass
class MailServer:
    """`answers` overrules what is said to MAIL, RCPT or DATA; `letters` are those that were taken.

    With DATA overruled by a function, the letter was taken before: its sender cannot know that.
    """

    tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        # What the library says of clients that go away in the middle is not a word of the program's.
        self._level = _LOG.level
        _LOG.setLevel(logging.CRITICAL + 1)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="mail", daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.leaving.set)
        self._thread.join()
        _LOG.setLevel(self._level)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.leaving = asyncio.Event()
        server = await self._loop.create_server(self._connection, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self.leaving.wait()
        server.close()

    def _connection(self) -> SMTP:
        options: dict[str, Any] = {}
        if self.users:
            # Where the whole connection is encrypted, aiosmtpd does not see it.
            seen = self.tls is None
            options = {"authenticator": self._sign_in, "auth_required": seen, "auth_require_tls": seen}
        return SMTP(
            self,
            hostname="mail.example.org",
            tls_context=self.starttls,
            require_starttls=self.starttls is not None,
            **options,
        )

    def _sign_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        right = (
            isinstance(given, LoginPassword)
            and self.users.get(given.login.decode()) == given.password.decode()
        )
        return AuthResult(success=right, handled=False, auth_data=given.login.decode() if right else None)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer("MAIL", server)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self._answer("RCPT", server)
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if not isinstance(self.answers.get("DATA", OK), str) or str(self.answers.get("DATA", OK)).startswith(
            "2"
        ):
            assert isinstance(envelope.content, bytes)
            self.letters.append(
                Letter(
                    sender=envelope.mail_from or "",
                    to=envelope.rcpt_tos[0],
                    raw=envelope.content,
                    encrypted=session.ssl is not None or self.tls is not None,
                    user=session.auth_data if isinstance(session.auth_data, str) else None,
                )
            )
        return await self._answer("DATA", server)

    async def _answer(self, step: str, server: SMTP) -> str:
        answer = self.answers.get(step, OK)
        return answer if isinstance(answer, str) else await answer(self, server)
