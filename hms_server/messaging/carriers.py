"""What the providers of messages have in common: an SMS goes out, and something is known afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hms_server.contract.messaging import MessageState
from hms_server.relay.outside import Outside


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
