"""The one table of requests: who may ask what, and which slice answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hms_server.accounts import commands as accounts
from hms_server.accounts import queries as accounts_queries
from hms_server.accounts.commands import Accounts
from hms_server.accounts.pairing_codes import open_pairing
from hms_server.contract.accounts import (
    AddStaff,
    ChangePassword,
    ChooseRoom,
    EndSessions,
    GetClinic,
    ListDevices,
    ListStaff,
    OpenPairing,
    RevokeDevice,
    SetStaffActive,
    SignIn,
    SignOut,
)
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.patients import (
    EditPatient,
    FindLookAlikes,
    GetPatient,
    RegisterPatient,
    SearchPatients,
)
from hms_server.dispatch import Kind, Lane, Route
from hms_server.patients import commands as patients
from hms_server.patients import queries as patients_queries
from hms_server.patients.search import search_patients
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


def account_routes(desk: Accounts) -> Sequence[Route[Any]]:
    return (
        command(SignIn, desk.sign_in, None, lane=Lane.SLOW),
        command(SignOut, accounts.sign_out, P.OWN_SESSION),
        command(ChooseRoom, accounts.choose_room, P.OWN_SESSION),
        command(ChangePassword, desk.change_password, P.OWN_SESSION, lane=Lane.SLOW),
        query(GetClinic, accounts_queries.get_clinic, None),
        query(ListStaff, accounts_queries.list_staff, P.ADMINISTER),
        command(AddStaff, desk.add_staff, P.ADMINISTER, lane=Lane.SLOW),
        command(SetStaffActive, accounts.set_staff_active, P.ADMINISTER),
        command(EndSessions, accounts.end_sessions, P.ADMINISTER),
        query(ListDevices, accounts_queries.list_devices, P.ADMINISTER),
        command(RevokeDevice, accounts.revoke_device, P.ADMINISTER),
        command(OpenPairing, open_pairing, P.ADMINISTER),
    )


PATIENTS: Sequence[Route[Any]] = (
    query(SearchPatients, search_patients, P.PATIENT_SEARCH),
    query(FindLookAlikes, patients_queries.find_look_alikes, P.PATIENT_REGISTER),
    query(GetPatient, patients_queries.get_patient, P.PATIENT_READ),
    command(RegisterPatient, patients.register_patient, P.PATIENT_REGISTER),
    command(EditPatient, patients.edit_patient, P.PATIENT_REGISTER),
)


def routes(desk: Accounts) -> Sequence[Route[Any]]:
    """Every request that the server answers."""
    return (*account_routes(desk), *PATIENTS)


SUBSCRIBERS: Mapping[type[Event], Sequence[Subscriber]] = {}
"""Which slice acts, in the same transaction, on what a lower slice has done."""

FAULTS_BY_CONSTRAINT: Mapping[str, Fault] = {
    **accounts.FAULTS_BY_CONSTRAINT,
    **patients.FAULTS_BY_CONSTRAINT,
}
"""What a broken database constraint means to a person."""
