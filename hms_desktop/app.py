"""The composition root of the desktop: pairing, sign-in and the frame as pages of one window."""

import socket
from collections.abc import Callable
from zoneinfo import ZoneInfo

from msgspec import structs
from PySide6.QtCore import QLocale, QObject, QThreadPool
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication

from hms_desktop.about_side import AboutSide
from hms_desktop.connection.identity import Pairing
from hms_desktop.demo_seat import DemoSeat
from hms_desktop.demo_sign_in import pairing_of
from hms_desktop.door import Door, Entered, why_ended
from hms_desktop.drafts import Autosaver, carry_over, draft_store
from hms_desktop.first_start.chosen import Chosen, Station
from hms_desktop.first_start.desk import WorkplaceDesk
from hms_desktop.idle import IdleWatch
from hms_desktop.look import Look, keep_look, load_look, locale_of
from hms_desktop.options import Options
from hms_desktop.pairing_desk import PairingDesk
from hms_desktop.password_page import PasswordPage
from hms_desktop.person_menu import person_menu
from hms_desktop.printing.printer import Printer
from hms_desktop.printing.ready import get_ready
from hms_desktop.relay.state import OutsideState
from hms_desktop.release import Release
from hms_desktop.screens import Screens
from hms_desktop.session import Session
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.scanner import Scanner
from hms_desktop.shell.training_bar import show_training
from hms_desktop.shell.workshop import Workshop
from hms_desktop.sight import Sight
from hms_desktop.signed_in import SignedInDesk
from hms_desktop.stations import Desk
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.unattended import Unattended
from hms_desktop.updates.attending import Updates
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import Kind
from hms_desktop.workplace import Place, ScreenAccount
from hms_desktop.workspaces import load_slices, workspaces_of
from hms_server.contract.accounts import Clinic, SessionEnded, SignedIn
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.values import Role

TITLE = "Clinic"


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
        self.about = AboutSide(self.window, lambda: self.session)
        self.desk: SignedInDesk | None = None
        self.screens = Screens(self.window, clock=options.clock)
        self._entered: Entered | None = None
        self._user_name = ""
        self._door: Door | None = None
        self._sight: Sight | None = None
        self._pairing_desk: PairingDesk | None = None
        self._autosaver: Autosaver | None = None
        self.login = LoginPage("")
        self.login.sign_in_requested.connect(self._sign_in)
        self._password = PasswordPage(self.window)
        self._demo: DemoSeat | None = None
        self._workshop = Workshop(
            lambda _key: load_slices(),
            done=lambda _key: Background(self).run(get_ready, lambda _: None),
            parent=self,
        )
        self._idle = IdleWatch(self)
        self._idle.idle.connect(self._on_idle)
        self._scanner = Scanner(application)
        self._scanner.scanned.connect(self._on_scanned)
        self._pairing: Pairing | None = None
        self.updates: Updates | None = None
        self.workplace = WorkplaceDesk(
            self.window, options.folder, printers=options.printers, clock=options.clock, parent=self
        )
        self._unattended = Unattended(options, self.workplace, parent=self)
        self._unattended.enter_requested.connect(self._enter)
        self.release = Release(self.window, self)
        self._join_workplace()

    def _join_workplace(self) -> None:
        desk = self.workplace
        desk.changed.connect(self._on_workplace_changed)
        desk.closed.connect(self._on_workplace_closed)
        desk.account_offered.connect(self._drop_person)
        self._scanner.set_wedge(desk.workplace.scanner)
        self.release.tried.connect(self._drop_person)
        self.release.released.connect(self._open_workplace)
        self.release.left.connect(self._on_workplace_closed)
        self.login.workplace_requested.connect(self._ask_for_workplace)
        self.login.sight.pairing_requested.connect(self._pair_again)
        self.login.workplace_button.setHidden(self._options.demo is not None)
        if self._options.demo is None:
            # Also where a screen has signed itself in and shows no menu.
            QShortcut(QKeySequence("Ctrl+Shift+F4"), self.window).activated.connect(self._ask_for_workplace)

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
        self._unattended.rest()
        door, entered = self._door, self._entered
        self._drop_person()
        if door is not None and entered is not None:
            door.leave(entered)
        if self._pairing_desk is not None:
            self._pairing_desk.stop_looking()
        self._disconnect()
        self.window.close()
        # What is being printed is still printed.
        QThreadPool.globalInstance().waitForDone()

    def _disconnect(self) -> None:
        for part in (self._sight, self.updates, self._autosaver, self.session):
            if part is not None:
                part.close()
        self._sight = self.updates = self._autosaver = self.session = None

    def _pair_again(self) -> None:
        """The server does not know this workstation any more; its place and printers stay as they are."""
        self._unattended.rest()
        self._disconnect()
        self._pair()

    def _pair(self) -> None:
        known = self._pairing
        name = known.server.device_name if known is not None else socket.gethostname()
        desk = PairingDesk(address=self._options.server, device_name=name, parent=self)
        desk.paired.connect(self._on_paired)
        if known is not None:
            desk.page.offer_way_back()
            desk.page.back_requested.connect(lambda: self._end_pairing(known))
        self.window.show_page(desk.page)
        desk.start()
        self._pairing_desk = desk

    def _on_paired(self, pairing: Pairing) -> None:
        known = self._pairing
        self._options.pairings.keep(pairing)
        if known is not None and known.server.public_key == pairing.server.public_key:
            carry_over(self._options.folder, known.keys.secret_key, pairing.keys.secret_key)
        self._end_pairing(pairing)
        if self.workplace.workplace.place is None and self._unattended.account is None:
            self._open_workplace(is_first=True)

    def _end_pairing(self, pairing: Pairing) -> None:
        """Goes on with this one: a new one, or the one that somebody wants to keep after all."""
        self._connect_to(pairing)
        desk, self._pairing_desk = self._pairing_desk, None
        if desk is not None:
            self._background.run(desk.stop_looking, lambda _: desk.deleteLater())
            self.window.drop_page(desk.page)

    def _connect_to(self, pairing: Pairing) -> None:
        if self._options.server:
            server = structs.replace(pairing.server, addresses=[f"tcp://{self._options.server}"])
            pairing = structs.replace(pairing, server=server)
        self._pairing = pairing
        way = self._options.connect(pairing)
        self.session = Session(way, self, clock=self._options.clock)
        self.session.ended.connect(lambda fault: self._on_ended(fault.message))
        self.session.event_arrived.connect(self._on_event)
        self._door = Door(way)
        self._sight = Sight(self.session, way, self.login.sight, clock=self._options.clock, parent=self)
        if (updates := self._options.updates) is not None:
            self.updates = Updates(
                updates,
                pairing,
                self.session,
                window=self.window,
                login=self.login,
                unattended=lambda: self._unattended.account is not None,
            )
        self._autosaver = Autosaver(draft_store(self._options.folder, pairing.keys.secret_key), self)
        self.login.set_heading(pairing.server.name)
        self.window.show_page(self.login)
        if self._options.demo is not None:
            self._demo = DemoSeat(self._options.demo, self.window, enter=self._enter, leave=self._leave)
            self._demo.start(is_display=self._options.is_display)
        elif self._unattended.account is not None:
            self._unattended.keep(self._pairing)
            self._unattended.enter()
        else:
            if self.workplace.trouble:
                self.login.notice.say(Kind.WARNING, self.workplace.trouble)
            # Whoever has yet to type a password leaves time for what every workspace will need.
            self._workshop.plan(["modules"])

    def _sign_in(self, user_name: str, password: str) -> None:
        self._enter(user_name, password, room=self.workplace.workplace.room)

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
            self._unattended.bear(outcome)
            return
        self.login.start()
        self._entered = outcome
        show_training(self.window, is_training=outcome.clinic.training)
        assert self.session is not None
        QLocale.setDefault(locale_of(outcome.clinic.currency))
        roles = outcome.signed_in.roles
        if self._options.is_display or set(roles) == {Role.DISPLAY}:
            self.screens.open_display(self.session, outcome.clinic)
        elif set(roles) == {Role.KIOSK}:
            self.screens.open_kiosk(self.session, outcome.clinic)
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
        first = self.workplace.first_workspace
        menu = person_menu(has_workplace=self._options.demo is None)
        self.desk = SignedInDesk(desk, menu=menu, first=first, parent=self)
        self.desk.lock_requested.connect(lambda: self._lock(""))
        self.desk.menu_chosen.connect(self._on_menu)
        self.window.show_page(self.desk.frame)
        if trouble := self.workplace.room_trouble(clinic):
            self.desk.frame.say(Kind.WARNING, trouble, self.tr("Choose another one under “This workplace”."))
        self._idle.start(minutes=signed_in.idle_minutes)

    def _on_menu(self, key: str) -> None:
        acts: dict[str, Callable[[], object]] = {
            "sign_out": lambda: self._leave(""),
            "about": self.about.toggle,
            "workplace": self._open_workplace,
            "password": self._open_password,
            "theme": lambda: self._wear(self._look.with_other_theme()),
            "text": lambda: self._wear(self._look.with_larger_text()),
        }
        acts[key]()

    def _open_password(self) -> None:
        if self.session is not None and self.desk is not None:
            self._password.open(self.session, back_to=self.desk.frame)

    def _wear(self, look: Look) -> None:
        self._look = look
        keep_look(self._options.folder, look)
        apply_style(self._application, look.tokens(), window=self.window)

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
            self._unattended.enter_soon()

    def _on_event(self, event: Event) -> None:
        mine = self._entered.signed_in.session_id if self._entered else None
        if isinstance(event, SessionEnded) and event.session_id == mine:
            self._on_ended(why_ended(event.reason))

    def _leave(self, sentence: str, *, user_name: str = "") -> None:
        """Back to the sign-in page, with the reason where the person did not ask for it."""
        door, entered = self._door, self._entered
        self._drop_person()
        self.workplace.drop()
        self.release.drop()
        self.login.start(user_name)
        if sentence:
            self.login.notice.say(Kind.INFO, sentence)
        self.window.show_page(self.login)
        if door is not None and entered is not None:
            self._background.run(lambda: door.leave(entered), lambda _: None)

    def _drop_person(self) -> None:
        self._entered = None
        self._idle.stop()
        self._password.drop()
        self._drop_desk()
        self.screens.drop()

    def _drop_desk(self) -> None:
        if self.desk is not None:
            self.window.drop_page(self.desk.frame)
            self.desk.close()
            self.desk = None

    def _ask_for_workplace(self) -> None:
        """Where people sign in, it is theirs to set; in front of a screen stands anybody."""
        is_screen = self.screens.is_open or self._unattended.account is not None
        if self.desk is not None or not is_screen:
            self._open_workplace()
        elif self._door is not None and self._pairing is not None and not self.workplace.is_open:
            self._unattended.rest()
            self._attempt += 1
            self.release.open(self._pairing.server.name, self._door.refuse_others)

    def _open_workplace(self, *, is_first: bool = False) -> None:
        if self.session is None or self._pairing is None or self._options.demo is not None:
            return
        self._unattended.rest()
        self._attempt += 1
        if self.window.isFullScreen():
            self.window.showNormal()
        server = self._pairing.server
        self.workplace.open(self.session, Station.of(server), account=self._account, is_first=is_first)

    def _on_workplace_changed(self) -> None:
        self._scanner.set_wedge(self.workplace.workplace.scanner)
        self._unattended.keep(self._pairing)

    def _on_workplace_closed(self) -> None:
        desk = self.desk if self._unattended.account is None else None
        page = desk.frame if desk is not None else self.screens.page
        if page is not None:
            self.window.show_page(page)
            return
        self._leave("")
        self._unattended.enter()

    def _account(self, chosen: Chosen) -> ScreenAccount | Fault:
        """Asks the server, so on another thread; the person at this workstation has left."""
        assert self._door is not None
        assert self._pairing is not None
        role = Role.DISPLAY if chosen.place is Place.DISPLAY else Role.KIOSK
        name = self._pairing.server.device_name
        return self._door.screen_account(chosen.user_name, chosen.password, role=role, name=name)

    def _on_scanned(self, code: str) -> None:
        if not self.workplace.scanned(code) and self.desk is not None:
            self.desk.scanned(code)

    def _printer(self) -> Printer:
        return self.workplace.kept if self._options.demo is not None else self.workplace.printer
