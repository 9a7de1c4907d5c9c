"""Every failure of a call told apart, each with one sentence that says what to do about it."""

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from datetime import timedelta

from hms_server.contract.relay import Trouble

CLOCK_CODES = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
SENTENCES = {
    Trouble.NO_NETWORK: "The server has no way to the internet: look at its cable, its router and the modem.",
    Trouble.NAME_UNKNOWN: "The name service does not know {host}: look at the internet line and the router.",
    Trouble.NAME_LIES: (
        "The name service sends {host} to an address inside the house: sign in at the internet line's own "
        "page, or change the name server in the router."
    ),
    Trouble.CLOSED: "{host} refuses connections: look at the firewall, or wait until it is there again.",
    Trouble.PROXY: "The clinic's proxy lets nothing through: look at its address, user and password.",
    Trouble.TLS: "{host} cannot prove who it is: somebody may be in between, so nothing was sent.",
    Trouble.CAPTIVE_PORTAL: (
        "Another page answers instead of {host}: open any web page on this network and sign in at the "
        "internet line."
    ),
    Trouble.SILENT: "{host} does not answer in time: the internet line is very slow, or half dead.",
    Trouble.CUT: "The connection to {host} broke off: the internet line is unsteady.",
    Trouble.BUSY: "{host} asks to come back later: too much was asked of it just now.",
    Trouble.DOWN: "{host} has a fault of its own: nothing can be done here but wait.",
    Trouble.KEY: "{host} does not accept the clinic's key: enter it anew, or ask the provider.",
    Trouble.DECLINED: "{host} says no.",
    Trouble.GARBLED: "{host} gave an answer that cannot be read: look whether there is a new version.",
}
CLOCK_SENTENCE = (
    "The certificate of {host} is not valid at this machine's time: set the machine's clock right, and wait "
    "if it is."
)
STOPPED = "The call to {host} was stopped."


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


def fault_of(
    trouble: Trouble, host: str, *, may_have_arrived: bool = False, sentence: str | None = None
) -> OutsideFault:
    """The fault with its usual sentence."""
    words = (sentence or SENTENCES[trouble]).format(host=host or "The provider")
    return OutsideFault(trouble, words, may_have_arrived=may_have_arrived)


def classify(error: BaseException, *, host: str = "", sent: bool = True) -> OutsideFault:
    """What an error of any client says: of `socket`, `ssl`, `smtplib`, `http.client`, `requests` or `httpx`.

    `sent`: whether the request may have left before it. Errors that say themselves that there was no
    connection yet never say that the call may have arrived.
    """
    if isinstance(error, OutsideFault):
        return error
    for cause in _causes(error):
        trouble = _trouble_of(cause)
        if trouble is None:
            continue
        if trouble is Trouble.TLS and getattr(cause, "verify_code", 0) in CLOCK_CODES:
            return fault_of(trouble, host, sentence=CLOCK_SENTENCE)
        before_sending = trouble not in {Trouble.SILENT, Trouble.CUT} or _while_connecting(error)
        return fault_of(trouble, host, may_have_arrived=sent and not before_sending)
    return fault_of(Trouble.CUT, host, may_have_arrived=sent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made from, the innermost first, since it knows best."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__, *(a for a in one.args if isinstance(a, BaseException))]
        reason = getattr(one, "reason", None)
        waiting += [reason] if isinstance(reason, BaseException) else []
    return reversed(found)


def _trouble_of(error: BaseException) -> Trouble | None:
    for kind, trouble in BY_KIND:
        if isinstance(error, kind):
            return trouble
    if isinstance(error, OSError) and error.errno in BY_NUMBER:
        return BY_NUMBER[error.errno]
    return _trouble_by_name(type(error))


# The first that fits counts.
BY_KIND: Sequence[tuple[type[BaseException], Trouble]] = (
    (ssl.SSLEOFError, Trouble.CUT),
    (ssl.SSLZeroReturnError, Trouble.CUT),
    (ssl.SSLError, Trouble.TLS),
    (socket.gaierror, Trouble.NAME_UNKNOWN),
    (TimeoutError, Trouble.SILENT),
    (ConnectionRefusedError, Trouble.CLOSED),
    (ConnectionError, Trouble.CUT),
    (http.client.HTTPException, Trouble.CUT),
)
BY_NUMBER = {
    errno.ENETUNREACH: Trouble.NO_NETWORK,
    errno.EHOSTUNREACH: Trouble.NO_NETWORK,
    errno.ENETDOWN: Trouble.NO_NETWORK,
    errno.EADDRNOTAVAIL: Trouble.NO_NETWORK,
    errno.ENOTCONN: Trouble.CUT,
    errno.ESHUTDOWN: Trouble.CUT,
}
# Clients of other libraries are known by the names of their errors: importing them all would cost the
# server's start a second.
BY_NAME = {
    "ProxyError": Trouble.PROXY,
    "ConnectTimeout": Trouble.SILENT,
    "ConnectTimeoutError": Trouble.SILENT,
    "ReadTimeout": Trouble.SILENT,
    "ReadTimeoutError": Trouble.SILENT,
    "WriteTimeout": Trouble.SILENT,
    "PoolTimeout": Trouble.SILENT,
    "NameResolutionError": Trouble.NAME_UNKNOWN,
    "RemoteProtocolError": Trouble.CUT,
    "ReadError": Trouble.CUT,
    "WriteError": Trouble.CUT,
    "ProtocolError": Trouble.CUT,
    "SMTPServerDisconnected": Trouble.CUT,
}
WHILE_CONNECTING = frozenset({"ConnectTimeout", "ConnectTimeoutError", "ConnectError", "NewConnectionError"})


def _trouble_by_name(kind: type[BaseException]) -> Trouble | None:
    return next((BY_NAME[one.__name__] for one in kind.__mro__ if one.__name__ in BY_NAME), None)


def _while_connecting(error: BaseException) -> bool:
    return any(one.__name__ in WHILE_CONNECTING for cause in _causes(error) for one in type(cause).__mro__)
