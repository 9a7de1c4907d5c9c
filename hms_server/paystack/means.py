"""The ways to be charged without a page, as Paystack's calls want them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BankTransfer:
    """Into an account for this payment, valid from 15 minutes (Kenya: shorter) up to 8 hours."""

    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class MobileMoney:
    """`provider` is one of the currency's wallets; the customer confirms on that phone."""

    phone: str
    provider: str


@dataclass(frozen=True, kw_only=True)
class Ussd:
    """`type` is the bank's three digits, such as "737"."""

    type: str


@dataclass(frozen=True, kw_only=True)
class Eft:
    provider: str = "ozow"


@dataclass(frozen=True, kw_only=True)
class Qr:
    provider: str = "scan-to-pay"


Means = BankTransfer | MobileMoney | Ussd | Eft | Qr


def fields_of(means: Means) -> dict[str, Any]:
    """What of a charge's body says how it is to be paid."""
    match means:
        case BankTransfer(expires_at=moment):
            # Given as null, Paystack sets the longest time itself.
            return {"bank_transfer": {"account_expires_at": moment and stamp(moment)}}
        case MobileMoney(phone=phone, provider=provider):
            return {"mobile_money": {"phone": phone, "provider": provider}}
        case Ussd(type=kind):
            return {"ussd": {"type": kind}}
        case Eft(provider=provider):
            return {"eft": {"provider": provider}}
        case Qr(provider=provider):
            return {"qr": {"provider": provider}}


def stamp(moment: datetime) -> str:
    """As Paystack writes moments itself: "2024-08-22T09:15:02.000Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
