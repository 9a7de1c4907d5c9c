"""E-mail through the SMTP server of the clinic's provider, so that each failure has its own place."""

import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hms_server.contract.relay import ProviderField, Trouble
from hms_server.faults import Refused
from hms_server.messaging.carriers import LOOPBACK, Account, nameless
from hms_server.messaging.mail import Mail, written
from hms_server.patients.rules import clean_email
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.relay.providers import ProviderSpec, Values
from hms_server.relay.troubles import classify

NAME = "smtp"
STEP_S = 30.0
"""A server that says nothing for so long is not going to."""
TLS, STARTTLS, PLAIN = "tls", "starttls", "none"
_PORTS = {TLS: 465, STARTTLS: 587, PLAIN: 25}


def _check(secrets: Values, settings: Values) -> None:
    host, port, security = (settings.get(name, "") for name in ("host", "port", "security"))
    if security not in _PORTS:
        raise Refused(
            "messaging.smtp_security", "Encryption is “starttls”, “tls” or “none”.", field="security"
        )
    if security == PLAIN and host and host not in LOOPBACK:
        raise Refused(
            "messaging.smtp_open",
            "Without encryption everybody on the way reads the mail: choose “starttls” or “tls”.",
            field="security",
        )
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
        raise Refused("messaging.smtp_port", "A port is a number, usually 587 or 465.", field="port")
    if any(sign in host for sign in " /@:"):
        raise Refused(
            "messaging.smtp_host", "Enter the server's name alone, such as smtp.example.org.", field="host"
        )
    for name in ("sender", "reply_to"):
        try:
            clean_email(settings.get(name))
        except Refused as refused:
            raise Refused("messaging.smtp_address", refused.fault.message, field=name) from refused
    for name, value in (("user", settings.get("user", "")), ("password", secrets.get("password", ""))):
        if not value.isascii():
            raise Refused(
                "messaging.smtp_letters", "Mail servers know letters without accents only here.", field=name
            )
    if bool(settings.get("user")) != bool(secrets.get("password")):
        field = "password" if settings.get("user") else "user"
        raise Refused("messaging.smtp_user", "Enter user and password, or neither.", field=field)


_LAST_PORT = 65535

SMTP_SERVER = ProviderSpec(
    name=NAME,
    title="E-mail (SMTP)",
    fields=(
        ProviderField(name="host", title="Server", required=True, hint="smtp.example.org"),
        ProviderField(name="port", title="Port", hint="587 with starttls, 465 with tls"),
        ProviderField(name="security", title="Encryption", default=STARTTLS, hint="starttls or tls"),
        ProviderField(name="user", title="User"),
        ProviderField(name="password", title="Password", secret=True),
        ProviderField(name="sender", title="Sender's address", required=True, hint="clinic@example.org"),
        ProviderField(name="reply_to", title="Answers go to"),
        ProviderField(
            name="authorities", title="Certificates file", hint="Of a server with its own authority"
        ),
    ),
    check=_check,
)


@dataclass(slots=True)
class _Way:
    """How far a mail has come: once its last line is out, only the server knows whether it has it."""

    handed_over: bool = False
    answered: bool = False
    broken_off: threading.Event = field(default_factory=threading.Event)

    @property
    def may_have_arrived(self) -> bool:
        return self.handed_over and not self.answered


def send_mail(mail: Mail, account: Account, outside: Outside) -> None:
    """Returns once the server has taken the mail; raises `OutsideFault`.

    There is no way through an HTTP proxy: the clinic's line has to let SMTP out by itself.
    """
    lines = _LEADING_DOT.sub(b"..", written(mail)) + b".\r\n"
    with _conversation(account, outside) as (server, way):
        _said(server.mail(mail.sender), "the sender's address", of_account=True)
        _said(server.rcpt(mail.to), "the patient's address")
        _said(server.docmd("DATA"), "a mail", good=_GO_ON)
        # In one piece: where the line breaks before the end is out, nothing has arrived (RFC 5321, 4.1.1.4).
        server.send(lines)
        way.handed_over = True
        reply = server.getreply()
        way.answered = reply[0] in _CODES
        _said(reply, "the mail")


_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


def probe(account: Account, outside: Outside) -> None:
    """Signs in and leaves again."""
    with _conversation(account, outside) as (server, _way):
        _said(server.noop(), "a greeting")


@contextmanager
def _conversation(account: Account, outside: Outside) -> Iterator[tuple[smtplib.SMTP, _Way]]:
    """Connected, encrypted and signed in; every trouble comes out as an `OutsideFault`."""
    way = _Way()
    ended = threading.Event()
    # Without a name it would look its own up in the DNS, and tell a stranger how the clinic's net is called.
    server = smtplib.SMTP(local_hostname=account.settings["sender"].rpartition("@")[2])
    watch = threading.Thread(
        target=_watch, args=(server, way, outside, ended), name="smtp watch", daemon=True
    )
    watch.start()
    try:
        _open(server, account, outside)
        yield server, way
    except OutsideFault as fault:
        raise _told(way, fault) from fault
    except (smtplib.SMTPException, OSError) as error:
        told = _fault_of(error, host=account.settings["host"], broken_off=way.broken_off.is_set())
        raise _told(way, told) from error
    finally:
        ended.set()
        watch.join()
        _leave(server, way)


def _told(way: _Way, fault: OutsideFault) -> OutsideFault:
    """The same fault with what is known of the mail."""
    return OutsideFault(
        fault.trouble,
        fault.sentence,
        may_have_arrived=way.may_have_arrived,
        retry_after=fault.retry_after,
        status=fault.status,
    )


def _open(server: smtplib.SMTP, account: Account, outside: Outside) -> None:
    """Connects and signs in. Each socket is the server's before it is waited for: the watch cuts that one."""
    settings = account.settings
    security, host = settings["security"], settings["host"]
    port = int(settings.get("port") or _PORTS[security])
    server.sock = outside.connect(host, port)
    server.sock.settimeout(STEP_S)
    if security == TLS:
        _encrypt(server, account)
    _said(server.getreply(), "a connection")
    server.ehlo_or_helo_if_needed()
    if security == STARTTLS:
        if not server.has_extn("starttls"):
            raise OutsideFault(
                Trouble.TLS,
                f"{host} offers no encryption on port {port}. Try “tls” with port 465.",
                may_have_arrived=False,
            )
        _said(server.docmd("STARTTLS"), "encryption")
        _encrypt(server, account)
        # What was said before the encryption may come from anybody (RFC 3207, 4.2).
        server.file, server.helo_resp, server.ehlo_resp = None, None, None
        server.ehlo_or_helo_if_needed()
    if settings.get("user"):
        server.login(settings["user"], account.secrets["password"])


def _encrypt(server: smtplib.SMTP, account: Account) -> None:
    context = ssl.create_default_context(cafile=account.settings.get("authorities") or None)
    assert server.sock is not None
    encrypted = context.wrap_socket(
        server.sock, server_hostname=account.settings["host"], do_handshake_on_connect=False
    )
    server.sock = encrypted
    encrypted.do_handshake()


def _watch(server: smtplib.SMTP, way: _Way, outside: Outside, ended: threading.Event) -> None:
    """Cuts the connection when the time is up, also of a server that drips one letter after the other."""
    until = time.monotonic() + outside.time_limit.total_seconds()
    while not ended.wait(0.1):
        if outside.stop.is_set() or time.monotonic() > until:
            way.broken_off.set()
            with suppress(OSError, AttributeError):
                server.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


def _leave(server: smtplib.SMTP, way: _Way) -> None:
    """Says goodbye where the server still listens, and never waits long for its answer."""
    if server.sock is not None and not way.broken_off.is_set() and not way.may_have_arrived:
        with suppress(smtplib.SMTPException, OSError):
            server.sock.settimeout(_GOODBYE_S)
            server.quit()
    server.close()


_GOODBYE_S = 2.0


def _said(reply: tuple[int, bytes], what: str, *, good: int = 200, of_account: bool = False) -> None:
    """Goes on where the server says yes, in the code's first digit."""
    code, words = reply
    if code // 100 == good // 100:
        return
    raise _refused(code, words, what, of_account=of_account)


_GO_ON = 354


def _fault_of(error: Exception, *, host: str, broken_off: bool) -> OutsideFault:
    if broken_off or isinstance(error.__context__, TimeoutError):
        return _fault(Trouble.SILENT, "The mail server did not answer in time.")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _fault(
            Trouble.KEY, "The mail server offers no sign-in on this port. Check encryption and port."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error.smtp_code, error.smtp_error, "the sign-in", of_account=True)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _fault(Trouble.CUT, "The mail server broke the connection off.")
    if isinstance(error, smtplib.SMTPException):
        return _fault(Trouble.KEY, "The mail server knows no kind of sign-in that we know.")
    return classify(error, host=host)


def _fault(trouble: Trouble, sentence: str) -> OutsideFault:
    return OutsideFault(trouble, sentence, may_have_arrived=False)


def _refused(code: int, words: bytes | str, what: str, *, of_account: bool = False) -> OutsideFault:
    """A refusal by its code (RFC 5321, 4.2; RFC 4954, 6)."""
    told = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    told = nameless(" ".join(told.split()))[:_LONGEST_TOLD]
    if code not in _CODES:
        sentence = "Something answers that is no mail server. Check server, port and encryption."
        return OutsideFault(Trouble.GARBLED, sentence, may_have_arrived=False, status=code)
    sentence = f"The mail server refuses {what}: {code} {told}".rstrip(". ") + "."
    return OutsideFault(
        _trouble_of(code, of_account=of_account), sentence, may_have_arrived=False, status=code
    )


_LONGEST_TOLD = 200
_CODES = range(200, 600)
_OF_ACCOUNT = frozenset({530, 534, 535, 538})
_BUSY = frozenset({421, 450, 451, 452})


def _trouble_of(code: int, *, of_account: bool) -> Trouble:
    if code in _OF_ACCOUNT:
        return Trouble.KEY
    if code < 500:  # noqa: PLR2004 - below are the refusals for now
        return Trouble.BUSY if code in _BUSY else Trouble.DOWN
    return Trouble.KEY if of_account else Trouble.DECLINED
