"""What an HTTP answer means: the provider's own word, or somebody else's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from hms_server.contract.relay import Trouble
from hms_server.relay.troubles import OutsideFault, fault_of

PROXY_ASKS = "The clinic's proxy wants a user and a password: enter them under the internet line."
A_WEB_PAGE = "{host} answers with a web page: it is being worked on, or its address is wrong."
TOO_LONG = "{host} sends more than any answer can be: look whether its address is right."
MOVED = range(300, 400)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from the provider itself: any status below 500 except 401, 403, 407 and 429."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a verdict needs to know of the call. Encrypted, nobody but the provider can have answered."""

    host: str
    encrypted: bool


def judge(answer: Answer, asked: Asked, *, now: datetime) -> Answer:
    """The answer where it is the provider's, or raises `OutsideFault`; header names are in lower case.

    `now` serves where `Retry-After` is a date and the answer does not say its own.
    """
    trouble = _trouble(answer, asked)
    if trouble is None:
        return answer
    sentence = PROXY_ASKS if answer.status == 407 else None  # noqa: PLR2004 - RFC 9110
    if trouble is Trouble.GARBLED and _is_page(answer):
        sentence = A_WEB_PAGE
    known = fault_of(trouble, asked.host, sentence=sentence)
    raise OutsideFault(
        trouble,
        known.sentence,
        may_have_arrived=trouble in {Trouble.DOWN, Trouble.GARBLED},
        retry_after=retry_after(answer.headers, now),
        status=answer.status,
    )


BY_STATUS = {
    401: Trouble.KEY,
    403: Trouble.KEY,
    407: Trouble.PROXY,
    429: Trouble.BUSY,
    511: Trouble.CAPTIVE_PORTAL,
}
SERVER_FAULTS = 500


def _trouble(answer: Answer, asked: Asked) -> Trouble | None:
    if _is_elsewhere(answer, asked.host):
        return Trouble.GARBLED if asked.encrypted else Trouble.CAPTIVE_PORTAL
    # A page with a status of refusal is a portal's or a firewall's, and no word on the clinic's key.
    if answer.status < SERVER_FAULTS and _is_page(answer):
        return Trouble.GARBLED if asked.encrypted else Trouble.CAPTIVE_PORTAL
    if trouble := BY_STATUS.get(answer.status):
        return trouble
    if answer.status >= SERVER_FAULTS:
        return Trouble.DOWN
    return None if _is_json_or_empty(answer.body) else Trouble.GARBLED


def _is_elsewhere(answer: Answer, host: str) -> bool:
    target = urlsplit(answer.headers.get("location", ""))
    return answer.status in MOVED and bool(target.hostname) and target.hostname != host.lower()


def _is_page(answer: Answer) -> bool:
    if "html" in answer.headers.get("content-type", "").lower():
        return True
    return answer.body.lstrip()[:1] == b"<"


def _is_json_or_empty(body: bytes) -> bool:
    try:
        if body.strip():
            msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that the provider asks for, in seconds or as a date (RFC 9110); None where it says nothing."""
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=min(int(given), 10**8))
    until = _date(given)
    if until is None:
        return None
    # The provider's own clock, since the clinic's may be wrong.
    return max(until - (_date(headers.get("date", "")) or now), timedelta())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
