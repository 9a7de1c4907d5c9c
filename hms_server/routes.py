"""The one table of requests: who may ask what, and which slice answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hms_server.accounts import commands as accounts
from hms_server.accounts import queries as accounts_queries
from hms_server.accounts.commands import Accounts
from hms_server.contract import accounts as accounts_words
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.dispatch import Kind, Lane, Route
from hms_server.permissions import Permission
from hms_server.work import Subscriber, Work

A = TypeVar("A")
P = Permission


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
    request: type[Request[A]], handler: Callable[[Work, Any], A], permission: Permission | None
) -> Route[A]:
    """A line for a request that only reads."""
    return Route(request=request, handler=handler, permission=permission, kind=Kind.QUERY)


def routes(desk: Accounts) -> Sequence[Route[Any]]:
    """Every request that the server answers."""
    words = accounts_words
    return (
        command(words.SignIn, desk.sign_in, None, lane=Lane.SLOW),
        command(words.SignOut, accounts.sign_out, P.OWN_SESSION),
        command(words.ChooseRoom, accounts.choose_room, P.OWN_SESSION),
        command(words.ChangePassword, desk.change_password, P.OWN_SESSION, lane=Lane.SLOW),
        query(words.GetClinic, accounts_queries.get_clinic, None),
        query(words.ListStaff, accounts_queries.list_staff, P.ADMINISTER),
        command(words.AddStaff, desk.add_staff, P.ADMINISTER, lane=Lane.SLOW),
        command(words.SetStaffActive, accounts.set_staff_active, P.ADMINISTER),
        command(words.EndSessions, accounts.end_sessions, P.ADMINISTER),
        query(words.ListDevices, accounts_queries.list_devices, P.ADMINISTER),
        command(words.RevokeDevice, accounts.revoke_device, P.ADMINISTER),
    )


SUBSCRIBERS: Mapping[type[Event], Sequence[Subscriber]] = {}
"""Which slice acts, in the same transaction, on what a lower slice has done."""

FAULTS_BY_CONSTRAINT: Mapping[str, Fault] = {**accounts.FAULTS_BY_CONSTRAINT}
"""What a broken database constraint means to a person."""
