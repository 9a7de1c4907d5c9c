"""Which class belongs to a name on the wire, read off the contract itself."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

import msgspec

from hms_server import contract
from hms_server.contract.envelope import Event, Request


@cache
def answer_decoder(request: type[Request[Any]]) -> msgspec.msgpack.Decoder[Any]:
    """Decodes the answers to one type of request, as `class CheckIn(Request[CheckedIn])` declares it."""
    for base in vars(request).get("__orig_bases__", ()):
        if answers := get_args(base):
            return msgspec.msgpack.Decoder(answers[0])
    raise TypeError(f"{request.__name__} does not say which answer it gets.")


@cache
def event_types() -> Mapping[str, type[Event]]:
    """Every event of the contract by its name on the wire."""
    for module in pkgutil.iter_modules(contract.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{contract.__name__}.{module.name}")
    return MappingProxyType({kind.__name__: kind for kind in _below(Event) if _is_of_contract(kind)})


@cache
def event_decoders() -> Mapping[str, msgspec.msgpack.Decoder[Event]]:
    """Decodes the body of an event, by the event's name."""
    return MappingProxyType({name: msgspec.msgpack.Decoder(kind) for name, kind in event_types().items()})


def _below(kind: type[Event]) -> Iterator[type[Event]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _is_of_contract(kind: type[Event]) -> bool:
    return kind.__module__.startswith(f"{contract.__name__}.")
