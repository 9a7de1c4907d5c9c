"""Turns the body of a call into a typed request, or says which field is not understood."""

from collections.abc import Iterable
from typing import Any

import msgspec

from hms_server.contract.envelope import Fault, Request
from hms_server.faults import Refused


class RequestReader:
    """Safe to share between threads."""

    def __init__(self, requests: Iterable[type[Request[Any]]]) -> None:
        self._decoders = {request: msgspec.msgpack.Decoder(request) for request in requests}

    def __call__(self, body: msgspec.Raw, kind: type[Request[Any]]) -> Request[Any]:
        """The request; `Refused` where the body is not one of that kind."""
        try:
            request: Request[Any] = self._decoders[kind].decode(body)
        except msgspec.DecodeError as error:
            raise Refused.of(malformed(error)) from error
        # Zero bytes are common in packed numbers and hardly ever in texts: only then it is worth a look.
        if b"\0" in bytes(body) and (field := field_with_nul(msgspec.to_builtins(request))):
            raise Refused.of(msgspec.structs.replace(CONTROL_CHARACTER, field=field))
        return request


def malformed(error: msgspec.DecodeError) -> Fault:
    """Names the field that msgspec stumbled over: `Expected int, got str - at $.patient_id`."""
    message, _, path = str(error).partition(" - at `$")
    field = path.strip("`").lstrip(".") or None
    return Fault(code="request.malformed", message=f"The request is not understood: {message}.", field=field)


CONTROL_CHARACTER = Fault(
    code="request.control_character",
    message="This text contains a control character that cannot be stored. Type it anew.",
)


def field_with_nul(value: Any, path: str = "") -> str | None:
    """Where a text contains NUL, which PostgreSQL cannot store: `demographics.address`, `lines.2.reason`."""
    if isinstance(value, str):
        return path if "\0" in value else None
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    inside = (field_with_nul(part, f"{path}.{name}" if path else str(name)) for name, part in parts)
    return next(filter(None, inside), None)
