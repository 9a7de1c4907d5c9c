"""Signing in and out over the connection: waits for the server, so never on the thread of the windows."""

from dataclasses import dataclass
from threading import Lock
from typing import Protocol, TypeVar

import structlog
from msgspec import structs
from PySide6.QtCore import QCoreApplication

from hms_desktop.connection.engine import Search
from hms_desktop.connection.faults import FaultError
from hms_desktop.session import Connection
from hms_desktop.workplace import ScreenAccount
from hms_server.contract.accounts import AddStaff, ChooseRoom, Clinic, GetClinic, SignedIn
from hms_server.contract.envelope import Fault, Position, Request
from hms_server.contract.values import Role

log = structlog.get_logger()

A = TypeVar("A")

LEAVE_WITHIN_S = 3.0
NAME_TAKEN = "accounts.user_name_taken"
NAMES_TRIED = 50


class Way(Connection, Protocol):
    """What is needed of the client beyond what a session needs."""

    @property
    def search(self) -> Search: ...
    def try_address(self, text: str) -> None: ...
    def ask(self, request: Request[A]) -> A: ...
    def sign_in(self, user_name: str, password: str) -> SignedIn: ...
    def sign_out(self, *, timeout_s: float | None = None) -> None: ...
    def follow(self) -> Position: ...


@dataclass(frozen=True, kw_only=True)
class Entered:
    """Somebody is signed in, and events come from now on."""

    signed_in: SignedIn
    clinic: Clinic


class Door:
    """One person at a time, whatever order the threads come in: who enters signs the one before out."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._turn = Lock()
        self._inside: Entered | None = None

    def enter(self, user_name: str, password: str, *, room: str = "") -> Entered | Fault:
        """Signs in and begins to follow the events; `room` is a room's name, chosen where it exists."""
        with self._turn:
            self._let_out()
            try:
                self._inside = self._let_in(user_name, password, room)
            except FaultError as error:
                return error.fault
            return self._inside

    def leave(self, entered: Entered) -> None:
        """Signs this person out, unless somebody else has entered since."""
        with self._turn:
            if self._inside is entered:
                self._let_out()

    def screen_account(
        self, user_name: str, password: str, *, role: Role, name: str
    ) -> ScreenAccount | Fault:
        """With what a display or a kiosk may sign in from now on; whoever is inside is signed out first.

        An account of that role alone is taken as it is. An administrator's is not kept: with it a person
        of the role is added, called `name`.
        """
        with self._turn:
            self._let_out()
            try:
                signed_in = self._way.sign_in(user_name, password)
                try:
                    return self._account_of(
                        signed_in, ScreenAccount(user_name=user_name, password=password), role, name
                    )
                finally:
                    self._way.sign_out(timeout_s=LEAVE_WITHIN_S)
            except FaultError as error:
                return error.fault

    def refuse_others(self, user_name: str, password: str) -> Fault | None:
        """Why this is no administrator; None for one, signed out again. Whoever is inside goes first."""
        with self._turn:
            self._let_out()
            try:
                signed_in = self._way.sign_in(user_name, password)
                self._way.sign_out(timeout_s=LEAVE_WITHIN_S)
            except FaultError as error:
                return error.fault
        if Role.ADMINISTRATOR in signed_in.roles:
            return None
        sentence = _tr("“{name}” is no administrator, and only an administrator changes this screen.")
        return Fault(code="door.no_administrator", message=sentence.format(name=user_name), field="user_name")

    def _account_of(
        self, signed_in: SignedIn, account: ScreenAccount, role: Role, name: str
    ) -> ScreenAccount | Fault:
        if set(signed_in.roles) == {role}:
            return account
        if Role.ADMINISTRATOR in signed_in.roles:
            return self._add_screen(role, name)
        # A screen on which nobody signs in must not keep the password of somebody who may see patients.
        return _not_for_screens(account.user_name)

    def _add_screen(self, role: Role, name: str) -> ScreenAccount:
        for number in range(1, NAMES_TRIED):
            user_name = f"{role.value}-{number}"
            try:
                added = self._way.ask(AddStaff(user_name=user_name, name=name, roles=[role]))
            except FaultError as error:
                if error.fault.code != NAME_TAKEN:
                    raise
                continue
            return ScreenAccount(user_name=user_name, password=added.password)
        raise FaultError(_not_for_screens(f"{role.value}-{NAMES_TRIED}"))

    def _let_out(self) -> None:
        if self._inside is None:
            return
        self._inside = None
        try:
            self._way.sign_out(timeout_s=LEAVE_WITHIN_S)
        except FaultError as error:
            # The session has ended already, or ends by itself once the server hears nothing more.
            log.info("not signed out", reason=error.fault.message)

    def _let_in(self, user_name: str, password: str, room: str) -> Entered:
        signed_in = self._way.sign_in(user_name, password)
        self._way.follow()
        clinic = self._way.ask(GetClinic())
        wanted = next((known.id for known in clinic.rooms if known.name == room), None)
        if wanted is not None and wanted != signed_in.room_id:
            self._way.ask(ChooseRoom(room_id=wanted))
            signed_in = structs.replace(signed_in, room_id=wanted)
        return Entered(signed_in=signed_in, clinic=clinic)


def why_ended(reason: str) -> str:
    """Why somebody is not signed in any more, in a sentence for them."""
    return {
        "idle": _tr("You were signed out because nothing was done for a while."),
        "ended_by_administrator": _tr("An administrator has signed you out."),
        "device_revoked": _tr("This workstation may not be used any more. Ask the administrator."),
        "password_changed": _tr("Your password was changed on another workstation."),
    }.get(reason, _tr("You are signed out."))


def _not_for_screens(user_name: str) -> Fault:
    sentence = _tr(
        "“{name}” may do more than a screen needs. "
        "Type an account with that role alone, or an administrator's."
    )
    return Fault(code="door.not_a_screen", message=sentence.format(name=user_name), field="user_name")


def _tr(text: str) -> str:
    return QCoreApplication.translate("App", text)
