"""Looks whether an internet line wants somebody to sign in first."""

import http.client
from contextlib import suppress
from urllib.parse import urlsplit

from hms_server.relay.line import Line
from hms_server.relay.troubles import OutsideFault

HTTP_PORT = 80
WITHIN_S = 5.0
SIGN_IN_REQUIRED = 511
MOVED = range(300, 400)


def portal_answers(host: str, line: Line, *, port: int = HTTP_PORT) -> bool:
    """Whether somebody else's page answers for the host where nothing is encrypted.

    Asked when the certificate was wrong: a captive portal cannot have the right one, and does not hide at
    the unencrypted port, where the provider itself only ever points back to its own name. Nothing is sent
    but the host's name.
    """
    with suppress(OSError, OutsideFault, http.client.HTTPException):
        connection = http.client.HTTPConnection(host, port, timeout=WITHIN_S)
        connection.sock = line.open(host, port)
        connection.sock.settimeout(min(WITHIN_S, line.left_s()))
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            answer = connection.getresponse()
            return _is_portal(host, answer.status, answer.headers.get("location", ""))
        finally:
            connection.close()
    return False


def _is_portal(host: str, status: int, location: str) -> bool:
    if status == SIGN_IN_REQUIRED:
        return True
    target = urlsplit(location).hostname
    return status in MOVED and target is not None and target != host
