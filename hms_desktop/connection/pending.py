"""Calls that have no answer yet."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from hms_desktop.connection.listeners import tell
from hms_server.contract.envelope import Fault

log = structlog.get_logger()

NOT_UNDERSTOOD = Fault(
    code="link.not_understood",
    message="The request was carried out, but this program is too old to read the server's answer.",
)


class Pending(msgspec.Struct, frozen=True):
    """It is sent again after every interruption, byte for byte, so that its id stays the same.

    A `kept` one has no deadline: its user has gone on working and is told how many there are.
    """

    frame: bytes
    decoder: msgspec.msgpack.Decoder[Any]
    on_answer: Callable[[Any], None]
    kept: bool


def settle(call: Pending | None, outcome: msgspec.Raw | Fault) -> None:
    """Tells the one outcome of a call; an answer that comes twice, or too late, finds no call any more."""
    if call is None:
        return
    if isinstance(outcome, Fault):
        tell([call.on_answer], outcome)
        return
    try:
        answer = call.decoder.decode(outcome)
    except msgspec.DecodeError as error:
        log.warning("answer not understood", error=str(error))
        answer = NOT_UNDERSTOOD
    tell([call.on_answer], answer)
