"""The one way out: HTTP with proxy, hard time limits, and every failure told apart."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hms_server.contract.relay import Trouble


class OutsideFault(Exception):  # noqa: N818 - what stands between the clinic and a provider
    """A call outside that did not end well.

    `may_have_arrived`: the provider may have carried it out nevertheless (a lost answer, not a refused
    connection). `retry_after` is the provider's own wish.
    """

    def __init__(
        self,
        trouble: Trouble,
        sentence: str,
        *,
        may_have_arrived: bool,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.sentence = sentence
        self.may_have_arrived = may_have_arrived
        self.retry_after = retry_after
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from the provider itself: any status below 500 except 401, 403, 407 and 429."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Handed to `perform`: the clinic's proxy, the time that is left, and whether to stop.

    `request` is the way out for JSON APIs; code with a client of its own (SMTP, a provider's SDK) takes the
    proxy and the time limit from here and raises `OutsideFault` itself.
    """

    proxy: str | None = None
    time_limit: timedelta = timedelta(seconds=75)
    stop: threading.Event = field(default_factory=threading.Event)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        idempotent: bool = False,
    ) -> Answer:
        """One call; follows no redirect (a captive portal's), takes at most 4 MiB of answer.

        Raises `OutsideFault`. The body must be JSON unless it is empty: anything else did not come from
        the provider. `idempotent` calls are never said to `may_have_arrived`.
        """
        raise NotImplementedError
