"""E-mail over real sockets: what is sent, and every way in which it goes wrong, told apart."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hms_server.contract.relay import Trouble
from hms_server.faults import Refused
from hms_server.messaging.carriers import Account
from hms_server.messaging.mail import Mail, written
from hms_server.messaging.smtp import SMTP_SERVER, probe, send_mail
from hms_server.relay.outside import Outside, OutsideFault
from tests.outside.certificates import Identity, make_identity
from tests.outside.smtp import Answer, MailServer, break_off, say_nothing
from tests.wire.ports import free_port

MAIL = Mail(
    to="ada.obi@example.com",
    subject="Your appointment on Tuesday 3 March – Ọlá",
    text="Hello Ada,\n.a line that begins with a dot\n" + "long " * 300 + "\nẸ kú àbọ̀.",
    sender="clinic@example.org",
    sender_name="Sunrise Clinic, Ikeja",
    reply_to="desk@example.org",
    reference=UUID(int=7),
    at=datetime(2026, 3, 2, 8, tzinfo=UTC),
)
USERS = {"clinic": "s3cret"}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("certificates"))


def account(port: int, **entered: str) -> Account:
    """An account as the administrator enters it; `password` is the secret."""
    password = entered.pop("password", None)
    settings = SMTP_SERVER.defaults | {"host": "127.0.0.1", "port": str(port), "security": "none"}
    settings |= {"sender": "clinic@example.org"} | entered
    return Account(settings=settings, secrets={"password": password} if password else {})


def server_with(security: str, context: ssl.SSLContext, *, users: dict[str, str] | None = None) -> MailServer:
    if security == "tls":
        return MailServer(tls=context, users=users or {})
    return MailServer(starttls=context, users=users or {})


def fault_of(with_account: Account, *, mail: Mail = MAIL, outside: Outside | None = None) -> OutsideFault:
    with pytest.raises(OutsideFault) as raised:
        send_mail(mail, with_account, outside or Outside())
    return raised.value


def test_a_mail_arrives_as_it_was_written() -> None:
    """Names with commas, signs of any script, lines that begin with a dot, and long ones."""
    with MailServer() as server:
        send_mail(MAIL, account(server.port), Outside())

    (letter,) = server.letters
    message = letter.message
    assert (letter.sender, letter.to) == ("clinic@example.org", "ada.obi@example.com")
    assert message["From"].addresses[0].display_name == "Sunrise Clinic, Ikeja"
    assert str(message["Subject"]) == MAIL.subject
    assert message["Reply-To"] == "desk@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().strip().replace("\r\n", "\n") == MAIL.text.strip()
    assert max(len(line) for line in letter.raw.split(b"\r\n")) <= 998


def test_the_same_message_always_has_the_same_id() -> None:
    """A mailbox that gets it twice can tell; another message has another one."""
    first, second = written(MAIL), written(MAIL)

    assert first == second
    assert b"<00000000-0000-0000-0000-000000000007@example.org>" in first
    assert b"000000000008@" in written(replace(MAIL, reference=UUID(int=8)))


@pytest.mark.parametrize("field", ["subject", "to", "sender_name", "reply_to"])
def test_no_text_can_add_a_line_to_the_head(field: str) -> None:
    """What would be a second header is refused by the library before anything is sent."""
    changes: dict[str, Any] = {field: "x@example.com\r\nBcc: all@example.com"}
    with pytest.raises(ValueError, match=r".+"):
        written(replace(MAIL, **changes))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_is_encrypted_before_it_signs_in(security: str, identity: Identity) -> None:
    context = identity.server_context()
    with server_with(security, context, users=USERS) as server:
        entered = {"security": security, "user": "clinic", "password": "s3cret"}
        send_mail(MAIL, account(server.port, authorities=str(identity.path), **entered), Outside())

    (letter,) = server.letters
    assert letter.encrypted
    assert letter.user == "clinic"


def test_a_probe_signs_in_and_sends_nothing(identity: Identity) -> None:
    with MailServer(starttls=identity.server_context(), users=USERS) as server:
        entered = {"security": "starttls", "user": "clinic", "authorities": str(identity.path)}
        probe(account(server.port, password="s3cret", **entered), Outside())
        with pytest.raises(OutsideFault) as raised:
            probe(account(server.port, password="wrong", **entered), Outside())

    assert raised.value.trouble is Trouble.KEY
    assert not server.letters


def test_a_wrong_password_is_the_accounts_fault(identity: Identity) -> None:
    """535: nothing will be sent until the administrator has put it right, and nothing was."""
    with MailServer(starttls=identity.server_context(), users=USERS) as server:
        entered = {"security": "starttls", "user": "clinic", "authorities": str(identity.path)}
        fault = fault_of(account(server.port, password="wrong", **entered))

    assert (fault.trouble, fault.may_have_arrived, fault.status) == (Trouble.KEY, False, 535)
    assert "wrong" not in fault.sentence.replace("wrong user", "")


def test_a_server_without_encryption_gets_neither_password_nor_mail() -> None:
    """Somebody in between could have taken the offer out: no falling back."""
    with MailServer() as server:
        fault = fault_of(account(server.port, security="starttls", user="clinic", password="s3cret"))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.TLS, False)
    assert "465" in fault.sentence
    assert not server.letters


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("wrong", ["stranger", "expired", "other name"])
def test_a_certificate_that_does_not_fit_is_told(
    security: str, wrong: str, identity: Identity, tmp_path: Path
) -> None:
    theirs = {
        "stranger": lambda: make_identity(tmp_path),
        "expired": lambda: make_identity(tmp_path, valid_for=timedelta(hours=-1)),
        "other name": lambda: make_identity(tmp_path, host="mail.example.net"),
    }[wrong]()
    trusted = identity if wrong == "stranger" else theirs
    with server_with(security, theirs.server_context()) as server:
        fault = fault_of(account(server.port, security=security, authorities=str(trusted.path)))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.TLS, False)
    assert not server.letters


@pytest.mark.parametrize(
    ("step", "answer", "trouble"),
    [
        ("MAIL", "550 5.7.1 Not your address", Trouble.KEY),
        ("MAIL", "530 5.7.0 Authentication required", Trouble.KEY),
        ("MAIL", "451 4.3.0 Try later", Trouble.BUSY),
        ("RCPT", "550 5.1.1 No such user", Trouble.DECLINED),
        ("RCPT", "553 5.1.3 Bad address", Trouble.DECLINED),
        ("RCPT", "450 4.2.0 Greylisted", Trouble.BUSY),
        ("RCPT", "421 4.7.0 Too many", Trouble.BUSY),
        ("DATA", "552 5.2.2 Mailbox full", Trouble.DECLINED),
        ("DATA", "554 5.7.1 Looks like spam", Trouble.DECLINED),
        ("DATA", "452 4.3.1 No room", Trouble.BUSY),
        ("DATA", "454 4.7.0 Something", Trouble.DOWN),
    ],
)
def test_a_refusal_is_understood_by_its_code(step: str, answer: str, trouble: Trouble) -> None:
    """Whether to try again, to mend the account, or to give up; nothing has arrived in any case."""
    with MailServer(answers={step: answer}) as server:
        fault = fault_of(account(server.port))

    assert (fault.trouble, fault.may_have_arrived) == (trouble, False)
    assert answer.partition(" ")[0] in fault.sentence
    assert fault.sentence.endswith(".")


@pytest.mark.parametrize(("step", "arrived"), [("MAIL", False), ("RCPT", False), ("DATA", True)])
def test_a_line_that_breaks_leaves_doubt_only_after_the_end_of_the_mail(step: str, *, arrived: bool) -> None:
    with MailServer(answers={step: break_off}) as server:
        fault = fault_of(account(server.port))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.CUT, arrived)
    assert bool(server.letters) is arrived


@pytest.mark.parametrize(("step", "arrived"), [("MAIL", False), ("DATA", True)])
def test_a_server_that_falls_silent_is_given_up_in_time(step: str, *, arrived: bool) -> None:
    answers: dict[str, Answer] = {step: say_nothing}
    with MailServer(answers=answers) as server:
        fault = fault_of(account(server.port), outside=Outside(time_limit=timedelta(seconds=1)))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.SILENT, arrived)


def test_whoever_stops_the_server_does_not_wait_for_a_silent_one() -> None:
    stop = threading.Event()
    with MailServer(answers={"RCPT": say_nothing}) as server:
        timer = threading.Timer(0.5, stop.set)
        timer.start()
        fault = fault_of(account(server.port), outside=Outside(stop=stop))
        timer.join()

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.SILENT, False)


@contextmanager
def raw_server(answer: bytes, *, drip: bool = False) -> Iterator[int]:
    """Says that to whoever connects, all at once or a byte every moment, and listens to nothing."""
    leaving = threading.Event()

    def serve() -> None:
        with suppress_os_error(), listener.accept()[0] as connection:
            for part in [answer[at : at + 1] for at in range(len(answer))] if drip else [answer]:
                connection.sendall(part)
                if leaving.wait(0.05 if drip else 0):
                    return
            leaving.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, name="raw")
        thread.start()
        yield listener.getsockname()[1]
        leaving.set()
        thread.join()


@contextmanager
def suppress_os_error() -> Iterator[None]:
    try:
        yield
    except OSError:
        """The other side went away, which is what these tests are about."""


def test_something_that_is_no_mail_server_is_told() -> None:
    with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>Sign in</html>\r\n") as port:
        fault = fault_of(account(port))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.GARBLED, False)
    assert "no mail server" in fault.sentence


def test_a_server_that_drips_does_not_hold_the_thread() -> None:
    """Each byte comes within any time limit of a read; the whole does not."""
    with raw_server(b"220-" + b"x" * 2000, drip=True) as port:
        fault = fault_of(account(port), outside=Outside(time_limit=timedelta(seconds=1)))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.SILENT, False)


def test_nobody_at_home_is_told() -> None:
    fault = fault_of(account(free_port()))

    assert (fault.trouble, fault.may_have_arrived) == (Trouble.CLOSED, False)


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"security": "ssl"}, "security"),
        ({"security": "none", "host": "smtp.example.org"}, "security"),
        ({"port": "0"}, "port"),
        ({"port": "587 "}, "port"),
        ({"port": "70000"}, "port"),
        ({"host": "smtp.example.org:587"}, "host"),
        ({"host": "https://smtp.example.org"}, "host"),
        ({"sender": "clinic"}, "sender"),
        ({"reply_to": "clinic@"}, "reply_to"),
        ({"user": "clinic"}, "password"),
        ({"user": "clínica", "password": "x"}, "user"),
        ({"user": "clinic", "password": "pässword"}, "password"),
        ({"password": "s3cret"}, "user"),
    ],
)
def test_what_cannot_work_is_refused_where_it_is_entered(entered: dict[str, str], field: str) -> None:
    settings = SMTP_SERVER.defaults | {"host": "smtp.example.org", "sender": "clinic@example.org"} | entered
    secrets = {"password": settings.pop("password")} if "password" in settings else {}

    with pytest.raises(Refused) as refused:
        SMTP_SERVER.check(secrets, settings)

    assert refused.value.fault.field == field
    assert not secrets or secrets["password"] not in refused.value.fault.message


def test_an_ordinary_account_is_accepted() -> None:
    settings = SMTP_SERVER.defaults | {
        "host": "smtp.example.org",
        "port": "587",
        "user": "clinic@example.org",
        "sender": "clinic@example.org",
    }

    SMTP_SERVER.check({"password": "s3cret"}, settings)


def test_no_account_shows_its_password_in_a_traceback() -> None:
    assert "s3cret" not in repr(account(25, user="clinic", password="s3cret"))
