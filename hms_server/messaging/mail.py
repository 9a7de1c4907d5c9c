"""An e-mail as it leaves the clinic, always with the same Message-ID for the same message."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What is sent to one patient; `reference` is the message's own."""

    to: str
    subject: str
    text: str
    sender: str
    sender_name: str
    reply_to: str
    reference: UUID
    at: datetime


def written(mail: Mail) -> bytes:
    """The mail as bytes, line ends and all; the same mail gives the same bytes."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = message_id(mail)
    message["Date"] = mail.at
    message["From"] = _address(mail.sender_name, mail.sender)
    message["To"] = _address("", mail.to)
    if mail.reply_to:
        message["Reply-To"] = _address("", mail.reply_to)
    message["Subject"] = mail.subject
    # So that no out-of-office answer comes back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()


def message_id(mail: Mail) -> str:
    """A mailbox that gets the same one twice shows it once, in many programs."""
    return f"<{mail.reference}@{mail.sender.rpartition('@')[2]}>"


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
