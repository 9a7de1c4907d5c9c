"""How a line of the request table is written."""

from collections.abc import Callable
from typing import Any, TypeVar

from hms_server.contract.envelope import Request
from hms_server.dispatch import Kind, Lane, Route
from hms_server.permissions import Permission
from hms_server.work import Work

A = TypeVar("A")


def command(
    request: type[Request[A]],
    handler: Callable[[Work, Any], A],
    permission: Permission | None,
    *,
    lane: Lane = Lane.FAST,
) -> Route[A]:
    """A line for a request that changes something."""
    return Route(request=request, handler=handler, permission=permission, kind=Kind.COMMAND, lane=lane)


def query(
    request: type[Request[A]],
    handler: Callable[[Work, Any], A],
    permission: Permission | None,
    *,
    lane: Lane = Lane.FAST,
) -> Route[A]:
    """A line for a request that only reads."""
    return Route(request=request, handler=handler, permission=permission, kind=Kind.QUERY, lane=lane)
