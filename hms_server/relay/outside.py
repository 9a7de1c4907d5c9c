"""The one way out: HTTP with proxy, hard time limits, and every failure told apart."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hms_server.relay.troubles import OutsideFault, classify

__all__ = ["Answer", "Outside", "OutsideFault", "classify"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from the provider itself: any status below 500 except 401, 403, 407 and 429."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class Outside:
    """Handed to `perform`: the clinic's proxy, the time that is left, and whether to stop.

    `request` is the way out for JSON APIs; code with a client of its own (SMTP, a provider's SDK) takes the
    proxy and the time limit from here and raises `OutsideFault` itself.
    """

    proxy: str | None = None
    time_limit: timedelta = timedelta(seconds=75)
    stop: threading.Event = field(default_factory=threading.Event)
    authorities: str | None = None
    """A file with the certificate authority of a proxy that looks into TLS."""

    def __repr__(self) -> str:
        # The proxy's address holds a password.
        return f"Outside(proxy={self.proxy is not None}, time_limit={self.time_limit})"

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
