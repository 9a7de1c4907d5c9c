"""One HTTP exchange with `requests`, over a line that always ends.

Every call has a connection of its own: over an internet line that comes and goes, a connection that was
kept is half dead more often than not, and a request into it would end as "may have arrived" where a new
connection says at once that nothing did.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from hms_server.contract.relay import Trouble
from hms_server.relay.line import Line, is_loopback
from hms_server.relay.portal import portal_answers
from hms_server.relay.troubles import OutsideFault, fault_of
from hms_server.relay.verdict import TOO_LONG, Answer

LARGEST_ANSWER = 4 << 20
CHUNK = 1 << 16
UNENCRYPTED = "Nothing is sent to {host} unencrypted: enter its address with https:// instead of http://."
UNFIT_TEXT = "The key or an address holds signs that cannot be sent to {host}: enter it anew."
PROXY_REFUSES = "The clinic's proxy does not reach {host}: look at it, and at the internet line behind it."
PROXY_ASKS = "The clinic's proxy does not accept user and password: enter them anew."
UNFIT = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    UnicodeError,
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str] | None
    json: object
    form: Mapping[str, str] | None

    @property
    def host(self) -> str:
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    @property
    def encrypted(self) -> bool:
        return self.url.lower().startswith("https://")


def exchange(order: Order, line: Line, *, proxy: str | None, authorities: str | None) -> Answer:
    """What came back, whoever sent it; raises `OutsideFault` where nothing did."""
    if not order.encrypted and not is_loopback(order.host):
        raise fault_of(Trouble.TLS, order.host, sentence=UNENCRYPTED)
    # No cause is kept with the fault: the texts of these errors hold the proxy's password or the key.
    with line.watched():
        try:
            answer = _send(order, line, proxy=proxy, authorities=authorities)
            # A body without a length ends where its socket was shut, and looks whole.
            line.left_s()
        except UNFIT:
            raise fault_of(Trouble.KEY, order.host, sentence=UNFIT_TEXT) from None
        except (OSError, requests.RequestException, OutsideFault) as error:
            raise _told_apart(error, order, line) from None
    return answer


def _told_apart(error: BaseException, order: Order, line: Line) -> OutsideFault:
    fault = line.fault(error)
    if isinstance(error, OutsideFault) or line.ended == "stopped":
        return fault
    if line.proxied and not line.through_proxy:
        asks = "407" in str(error)
        return fault_of(Trouble.PROXY, order.host, sentence=PROXY_ASKS if asks else PROXY_REFUSES)
    if fault.trouble is Trouble.TLS and not line.proxied and portal_answers(order.host, line):
        return fault_of(Trouble.CAPTIVE_PORTAL, order.host)
    return fault


def _send(order: Order, line: Line, *, proxy: str | None, authorities: str | None) -> Answer:
    with requests.Session() as session:
        session.trust_env = False
        if proxy is not None:
            session.proxies = {"http": proxy, "https": proxy}
        adapter = _Adapter(line, trusted(authorities) if order.encrypted else None)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        with session.request(
            order.method,
            order.url,
            headers={"Accept": "application/json", "User-Agent": "hms", **order.headers},
            params=order.params,
            json=order.json,
            data=order.form,
            timeout=line.left_s(),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_read(response, order.host),
            )


def _read(response: requests.Response, host: str) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise fault_of(Trouble.GARBLED, host, may_have_arrived=True, sentence=TOO_LONG)
    return bytes(body)


@lru_cache(maxsize=4)
def trusted(authorities: str | None) -> ssl.SSLContext:
    """Whom this machine trusts, whom Mozilla trusts, and an authority of the clinic's own; read once."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


class _Watched:
    """What both kinds of connection do otherwise than urllib3's own: the line is opened and watched here."""

    sock: socket.socket | None

    def __init__(self, *args: Any, line: Line, **others: Any) -> None:
        super().__init__(*args, **others)
        self.line = line

    def _new_conn(self) -> socket.socket:
        return self.line.open(self._dns_host, self.port)  # type: ignore[attr-defined] # of the class beside

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc] # as above
        self.line.through_proxy = True

    def connect(self) -> None:
        super().connect()  # type: ignore[misc] # as above
        self.line.through_proxy = self.line.established = True

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        # What goes to the proxy before the line is established is not the request.
        self.line.sent = self.line.sent or self.line.established
        super().send(data)  # type: ignore[misc] # as above


class _Plain(_Watched, HTTPConnection):
    pass


class _Encrypted(_Watched, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    """Makes `requests` use the line; nothing is repeated by itself."""

    def __init__(self, line: Line, context: ssl.SSLContext | None) -> None:
        self._pools: dict[str, Callable[..., HTTPConnectionPool]] = {
            "http": partial(_pool, HTTPConnectionPool, partial(_Plain, line=line)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_Encrypted, line=line)),
        }
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **others: Any) -> None:
        super().init_poolmanager(*args, **others)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **others: Any) -> Any:
        manager = super().proxy_manager_for(*args, **others)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def build_connection_pool_key_attributes(self, *args: Any, **others: Any) -> Any:
        host, _ = super().build_connection_pool_key_attributes(*args, **others)
        return host, {"ssl_context": self._context} if self._context else {}

    def cert_verify(self, *args: Any, **others: Any) -> None:
        """The context does it; here `requests` would read its own bundle for every call."""


def _pool(
    kind: Callable[..., HTTPConnectionPool], connection: Callable[..., Any], *args: Any, **others: Any
) -> HTTPConnectionPool:
    pool = kind(*args, **others)
    pool.ConnectionCls = connection  # type: ignore[assignment] # a class with the line filled in
    return pool
