"""The composition root of the desktop: pairing, sign-in and the frame as pages of one window."""

import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from msgspec import structs
from PySide6.QtCore import QCoreApplication, QLocale, QObject, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import Pairing
from hms_desktop.demo_sign_in import pairing_of, person_of
from hms_desktop.door import Door, Entered, Way
from hms_desktop.drafts import Autosaver, DraftStore
from hms_desktop.idle import IdleWatch
from hms_desktop.look import keep_look, load_look, locale_of
from hms_desktop.pairing_desk import PairingDesk
from hms_desktop.printing.printer import FolderPrinter, Printer, system_printer
from hms_desktop.printing.ready import get_ready
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_desktop.shell.demo_bar import DemoBar
from hms_desktop.shell.header import MenuEntry
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.scanner import Scanner
from hms_desktop.shell.workshop import Workshop
from hms_desktop.signed_in import SignedInDesk
from hms_desktop.stations import Desk
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.display.panel import DisplayPanel
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.role_words import role_word
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import Kind
from hms_desktop.workspaces import load_slices, workspaces_of
from hms_server.contract.accounts import Clinic, SessionEnded, SignedIn
from hms_server.contract.demo import DemoPerson, DemoSignIn
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.values import Role

if TYPE_CHECKING:
    from hms_desktop.assistant.kiosk.panel import KioskPanel

TITLE = "Clinic"
RETRY_MS = 5000
RETRIED = frozenset({"link.down", "link.timeout", "server.busy"})


class PairingBook(Protocol):
    """Where the pairing of this workstation is remembered."""

    def find(self) -> Pairing | None: ...
    def keep(self, pairing: Pairing) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for. With `user_name` nobody has to sign in, as on a display."""

    folder: Path
    pairings: PairingBook
    server: str = ""
    is_display: bool = False
    user_name: str = ""
    password: str = ""
    demo: DemoSignIn | None = None
    connect: Callable[[Pairing], Way] = lambda pairing: Client(pairing.server, pairing.keys)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class App(QObject):
    """Owns the window and whatever lives from start to end."""

    def __init__(self, application: QApplication, options: Options) -> None:
        super().__init__()
        self._application = application
        self._options = options
        self._background = Background(self, in_order=True)
        self._attempt = 0
        self._look = load_look(options.folder)
        self.window = MainWindow(TITLE)
        apply_style(application, self._look.tokens(), window=self.window)
        self.session: Session | None = None
        self.desk: SignedInDesk | None = None
        self.display: DisplayPanel | None = None
        self.kiosk: KioskPanel | None = None
        self._entered: Entered | None = None
        self._user_name = ""
        self._door: Door | None = None
        self._pairing_desk: PairingDesk | None = None
        self._autosaver: Autosaver | None = None
        self.login = LoginPage("")
        self.login.sign_in_requested.connect(self._sign_in)
        self._password: QWidget | None = None
        self._bar: DemoBar | None = None
        self._workshop = Workshop(
            lambda _key: load_slices(),
            done=lambda _key: Background(self).run(get_ready, lambda _: None),
            parent=self,
        )
        self._idle = IdleWatch(self)
        self._idle.idle.connect(self._on_idle)
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(lambda: self._enter(options.user_name, options.password))
        self._scanner = Scanner(application)
        self._scanner.scanned.connect(self._on_scanned)

    def start(self) -> None:
        """Shows the first page: pairing, sign-in, or in a demo the first person's workspace."""
        demo = self._options.demo
        pairing = pairing_of(demo) if demo else self._options.pairings.find()
        if pairing is None:
            self._pair()
        else:
            self._connect_to(pairing)
        self.window.show()

    def close(self) -> None:
        """Leaves nothing running; what is typed is on the disk, the person is signed out."""
        self._scanner.stop()
        self._workshop.stop()
        self._retry.stop()
        door, entered = self._door, self._entered
        self._drop_person()
        if door is not None and entered is not None:
            door.leave(entered)
        if self._pairing_desk is not None:
            self._pairing_desk.stop_looking()
        if self._autosaver is not None:
            self._autosaver.close()
        if self.session is not None:
            self.session.close()
        self.window.close()
        # What is being printed is still printed.
        QThreadPool.globalInstance().waitForDone()

    def _pair(self) -> None:
        desk = PairingDesk(address=self._options.server, device_name=socket.gethostname(), parent=self)
        desk.paired.connect(self._on_paired)
        self.window.show_page(desk.page)
        desk.start()
        self._pairing_desk = desk

    def _on_paired(self, pairing: Pairing) -> None:
        self._options.pairings.keep(pairing)
        self._connect_to(pairing)
        desk, self._pairing_desk = self._pairing_desk, None
        if desk is not None:
            self._background.run(desk.stop_looking, lambda _: desk.deleteLater())
            self.window.drop_page(desk.page)

    def _connect_to(self, pairing: Pairing) -> None:
        if self._options.server:
            server = structs.replace(pairing.server, addresses=[f"tcp://{self._options.server}"])
            pairing = structs.replace(pairing, server=server)
        way = self._options.connect(pairing)
        self.session = Session(way, self, clock=self._options.clock)
        self.session.ended.connect(lambda fault: self._on_ended(fault.message))
        self.session.event_arrived.connect(self._on_event)
        self._door = Door(way)
        self._autosaver = Autosaver(_draft_store(self._options.folder, pairing), self)
        self.login.set_heading(pairing.server.name)
        self.window.show_page(self.login)
        if self._options.demo is not None:
            self._start_demo(self._options.demo)
        elif self._options.user_name:
            self._enter(self._options.user_name, self._options.password)
        else:
            # Whoever has yet to type a password leaves time for what every workspace will need.
            self._workshop.plan(["modules"])

    def _start_demo(self, demo: DemoSignIn) -> None:
        if self._options.is_display:
            person = person_of(demo, Role.DISPLAY)
            if person is not None:
                self._enter(person.user_name, person.password)
            return
        people = [person for person in demo.people if workspaces_of([person.role])]
        self._bar = DemoBar([role_word(person.role) for person in people])
        self._bar.chosen.connect(lambda number: self._switch_to(people, number))
        self.window.setMenuWidget(self._bar)
        self._switch_to(people, 0)

    def _switch_to(self, people: list[DemoPerson], number: int) -> None:
        if self._bar is not None:
            self._bar.mark(number)
        person = people[number]
        self._leave("", user_name=person.user_name)
        self._enter(person.user_name, person.password, room=person.room)

    def _sign_in(self, user_name: str, password: str) -> None:
        self._enter(user_name, password)

    def _enter(self, user_name: str, password: str, *, room: str = "") -> None:
        door = self._door
        if door is not None:
            self._user_name = user_name
            self.login.show_busy()
            self._attempt += 1
            attempt = self._attempt
            self._background.run(
                lambda: door.enter(user_name, password, room=room),
                lambda outcome: self._on_entered(attempt, outcome),
            )

    def _on_entered(self, attempt: int, outcome: Entered | Fault) -> None:
        if attempt != self._attempt:
            return
        if isinstance(outcome, Fault):
            self.login.show_refusal(outcome.message, field=outcome.field)
            if self._options.user_name and outcome.code in RETRIED:
                # After a power cut the display is up before the server, and nobody sits at it.
                self._retry.start()
            return
        self.login.start()
        self._entered = outcome
        QLocale.setDefault(locale_of(outcome.clinic.currency))
        roles = outcome.signed_in.roles
        if self._options.is_display or set(roles) == {Role.DISPLAY}:
            self._open_display(outcome.clinic)
        elif set(roles) == {Role.KIOSK}:
            self._open_kiosk(outcome.clinic)
        elif workspaces_of(roles):
            self._open_desk(outcome.signed_in, outcome.clinic)
        else:
            sentence = self.tr("There is no workspace for {name}. An administrator can add a role.")
            self._leave(sentence.format(name=outcome.signed_in.person.name))

    def _open_desk(self, signed_in: SignedIn, clinic: Clinic) -> None:
        assert self.session is not None
        assert self._autosaver is not None
        self._drop_desk()
        desk = Desk(
            session=self.session,
            signed_in=signed_in,
            clinic=clinic,
            zone=ZoneInfo(clinic.time_zone),
            clock=self._options.clock,
            printer=self._printer(),
            autosaver=self._autosaver,
            alerts=AlertsState(self.session),
            rooms=Rooms(self.session, clinic.rooms, room_id=signed_in.room_id),
            outside=OutsideState(self.session, clock=self._options.clock),
        )
        self.desk = SignedInDesk(desk, menu=self._menu(), parent=self)
        self.desk.lock_requested.connect(lambda: self._lock(""))
        self.desk.menu_chosen.connect(self._on_menu)
        self.window.show_page(self.desk.frame)
        self._idle.start(minutes=signed_in.idle_minutes)

    def _open_display(self, clinic: Clinic) -> None:
        assert self.session is not None
        self.display = DisplayPanel(
            self.session,
            services=clinic.services,
            clock=self._options.clock,
            zone=ZoneInfo(clinic.time_zone),
        )
        self.window.show_page(self.display)
        self.window.showFullScreen()

    def _open_kiosk(self, clinic: Clinic) -> None:
        from hms_desktop.assistant.kiosk.panel import KioskPanel  # noqa: PLC0415 - at one door only

        assert self.session is not None
        self.kiosk = KioskPanel(self.session, clinic_name=clinic.name)
        self.window.show_page(self.kiosk)
        self.window.showFullScreen()

    def _menu(self) -> list[MenuEntry]:
        return [
            MenuEntry(key="theme", words=self.tr("Light or dark"), icon_name="theme-light-dark"),
            MenuEntry(key="text", words=self.tr("Larger text"), icon_name="format-size"),
            MenuEntry(key="password", words=self.tr("Change password"), icon_name="key-outline"),
            MenuEntry(key="sign_out", words=self.tr("Sign out"), icon_name="logout"),
        ]

    def _on_menu(self, key: str) -> None:
        if key == "sign_out":
            self._leave("")
            return
        if key == "password":
            self._open_password()
            return
        look = self._look.with_other_theme() if key == "theme" else self._look.with_larger_text()
        self._look = look
        keep_look(self._options.folder, look)
        apply_style(self._application, look.tokens(), window=self.window)

    def _open_password(self) -> None:
        from hms_desktop.accounts.password.panel import PasswordPanel  # noqa: PLC0415 - rarely used

        if self.session is not None:
            page = self._password = PasswordPanel(self.session)
            page.closed.connect(self._close_password)
            self.window.show_page(page)
            page.start()

    def _close_password(self) -> None:
        page, self._password = self._password, None
        if page is not None:
            self.window.drop_page(page)
        if self.desk is not None:
            self.window.show_page(self.desk.frame)

    def _lock(self, sentence: str) -> None:
        self._leave(sentence, user_name=self._user_name)

    def _on_idle(self) -> None:
        minutes = self._entered.signed_in.idle_minutes if self._entered else 0
        words = self.tr("Locked after {minutes} minutes without a key. What was typed is kept as a draft.")
        self._lock(words.format(minutes=minutes))

    def _on_ended(self, sentence: str) -> None:
        if self._entered is not None:
            kept = self.tr("What was typed is kept as a draft.")
            self._leave(f"{sentence} {kept}")

    def _on_event(self, event: Event) -> None:
        mine = self._entered.signed_in.session_id if self._entered else None
        if isinstance(event, SessionEnded) and event.session_id == mine:
            self._on_ended(_why_ended(event.reason))

    def _leave(self, sentence: str, *, user_name: str = "") -> None:
        """Back to the sign-in page, with the reason where the person did not ask for it."""
        door, entered = self._door, self._entered
        self._drop_person()
        self.login.start(user_name)
        if sentence:
            self.login.notice.say(Kind.INFO, sentence)
        self.window.show_page(self.login)
        if door is not None and entered is not None:
            self._background.run(lambda: door.leave(entered), lambda _: None)

    def _drop_person(self) -> None:
        self._entered = None
        self._idle.stop()
        self._close_password()
        self._drop_desk()
        if self.display is not None:
            self.window.drop_page(self.display)
            self.display = None
        if self.kiosk is not None:
            self.window.drop_page(self.kiosk)
            self.kiosk = None

    def _drop_desk(self) -> None:
        if self.desk is not None:
            self.window.drop_page(self.desk.frame)
            self.desk.close()
            self.desk = None

    def _on_scanned(self, code: str) -> None:
        if self.desk is not None:
            self.desk.scanned(code)

    def _printer(self) -> Printer:
        kept = FolderPrinter(folder=self._options.folder / "printed")
        return kept if self._options.demo is not None else system_printer(kept, {})


def _draft_store(folder: Path, pairing: Pairing) -> DraftStore:
    # Whoever copies the drafts without this workstation's own key cannot read them.
    key = hashlib.sha256(b"hms-desktop drafts\0" + pairing.keys.secret_key.encode()).digest()
    return DraftStore(folder / "drafts", key)


def _why_ended(reason: str) -> str:
    def tr(text: str) -> str:
        return QCoreApplication.translate("App", text)

    return {
        "idle": tr("You were signed out because nothing was done for a while."),
        "ended_by_administrator": tr("An administrator has signed you out."),
        "device_revoked": tr("This workstation may not be used any more. Ask the administrator."),
        "password_changed": tr("Your password was changed on another workstation."),
    }.get(reason, tr("You are signed out."))
