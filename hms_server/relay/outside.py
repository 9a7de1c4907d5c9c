"""The one way out: HTTP with proxy, hard time limits, and every failure told apart."""

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hms_server.clock import system_clock
from hms_server.relay.exchange import Order, exchange
from hms_server.relay.line import Line
from hms_server.relay.troubles import OutsideFault, classify
from hms_server.relay.verdict import Answer, Asked, judge

__all__ = ["Answer", "Outside", "OutsideFault", "classify"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Outside:
    """Handed to `perform`: the clinic's proxy, the time that is left, and whether to stop.

    `request` is the way out for JSON APIs; code with a client of its own (SMTP, a provider's SDK) takes the
    proxy and the time limit from here, may take its socket from `connect`, and raises `OutsideFault` itself
    (`classify` turns its errors into one).
    """

    proxy: str | None = None
    """`http://user:password@host:port`; never store, log or show it."""
    time_limit: timedelta = timedelta(seconds=75)
    stop: threading.Event = field(default_factory=threading.Event)
    authorities: str | None = None
    """A file with the certificate authority of a proxy that looks into TLS."""

    def __repr__(self) -> str:
        # A traceback shows arguments sooner or later, and the proxy's address holds a password.
        return f"Outside(proxied={self.proxy is not None}, time_limit={self.time_limit})"

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
        the provider. `idempotent` calls are never said to `may_have_arrived`. The time limit covers the whole
        exchange; when `stop` is set, the call ends within a fraction of a second.
        """
        order = Order(method=method, url=url, headers=headers or {}, params=params, json=json, form=form)
        line = Line(order.host, time_limit=self.time_limit, stop=self.stop, proxied=self.proxy is not None)
        try:
            answer = exchange(order, line, proxy=self.proxy, authorities=self.authorities)
            asked = Asked(host=order.host, encrypted=order.encrypted)
            return judge(answer, asked, now=system_clock())
        except OutsideFault as fault:
            fault.may_have_arrived = fault.may_have_arrived and not idempotent
            raise

    def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket for a client of one's own, by the same rules; without the proxy.

        Raises `OutsideFault` that never says `may_have_arrived`. The caller closes it, and looks after the
        time that passes on it.
        """
        return Line(host, time_limit=self.time_limit, stop=self.stop, proxied=False).reach(host, port)
