"""What the providers of messages have in common: an SMS goes out, and something is known afterwards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from hms_server.contract.messaging import MessageState
from hms_server.faults import Refused
from hms_server.relay.outside import Outside

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Sms:
    """`to` is E.164; `asked_at` is when the clinic wanted it, so no earlier one at the provider is it."""

    to: str
    text: str
    asked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the administrator has entered for a provider; never store, log or show it."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]

    def __repr__(self) -> str:
        return "Account(…)"


def check_address(settings: Mapping[str, str]) -> None:
    """Refuses an address of a provider that would carry key and message in the open."""
    parts = urlsplit(settings.get("address", ""))
    open_but_here = parts.scheme == "http" and parts.hostname in LOOPBACK
    if parts.hostname is None or not (parts.scheme == "https" or open_but_here) or parts.query:
        raise Refused("messaging.address", "Write the address like https://api.example.com.", field="address")


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What a provider says of a message that it has. `provider_id` None: it gave none."""

    state: MessageState
    provider_id: str | None
    why: str = ""


@dataclass(frozen=True)
class NotThere:
    """The provider has never had the message: it may be sent."""


@dataclass(frozen=True)
class CannotSay:
    """The provider cannot rule out that it had the message."""


def nameless(words: str) -> str:
    """A provider's words without addresses and phone numbers: everybody at a screen may come to read them."""
    return _ADDRESSES.sub("•••", words)


_ADDRESSES = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+|\+?\d(?:[\s().-]*\d){6,}")


class Carrier(Protocol):
    """One provider of SMS. Each call raises `OutsideFault`."""

    def send(self, sms: Sms, account: Account, outside: Outside) -> Fate:
        """Hands the message over."""

    def find(
        self, sms: Sms, account: Account, outside: Outside, *, known: frozenset[str]
    ) -> Fate | NotThere | CannotSay:
        """Looks for a message whose answer was lost; `known` ids belong to other messages."""

    def report(self, provider_id: str, account: Account, outside: Outside) -> Fate:
        """What has become of a message that was handed over."""

    def probe(self, account: Account, outside: Outside) -> None:
        """A cheap call that shows whether the provider is there and knows the account."""
