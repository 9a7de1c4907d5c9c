"""The frame of one signed-in person, joined to the session: events, search, alerts and scans."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.assistant_side import AssistantSide
from hms_desktop.printing.ready import get_ready
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import MenuEntry, SignedInAs
from hms_desktop.shell.rail import WorkspaceEntry
from hms_desktop.stations import Desk
from hms_desktop.upkeep.state import UpkeepState
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.notices import Action
from hms_desktop.widgets.role_words import role_word
from hms_desktop.widgets.suggest import Suggestion
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import age_text, sex_word
from hms_desktop.workspaces import workspaces_of
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.patients import PatientHits, SearchPatients
from hms_server.contract.relay import JobGivenUp
from hms_server.contract.symptoms import Urgency, UrgentAtKiosk
from hms_server.contract.triage import AlertRow
from hms_server.contract.upkeep import ServerCondition
from hms_server.contract.values import PatientHeader, Role

ALERTED = frozenset({Role.NURSE, Role.DOCTOR})
TOLD_OF_KIOSK = frozenset({Role.NURSE, Role.RECEPTIONIST})
PRINTING_MS = 500
"""After signing in: the first list is on the screen by then."""
PRINTING = frozenset({Role.RECEPTIONIST, Role.NURSE, Role.PHARMACIST, Role.CASHIER})
SEARCHING = frozenset({Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER})


class SignedInDesk(QObject):
    """Lives from sign-in to sign-out; with it goes everything that showed a patient."""

    lock_requested = Signal()
    menu_chosen = Signal(str)

    def __init__(
        self, desk: Desk, *, menu: Sequence[MenuEntry], first: str = "", parent: QObject | None = None
    ) -> None:
        """`first` is the workspace that this workplace begins with, where the person may open it."""
        super().__init__(parent)
        self._desk = desk
        self._background = Background(self)
        # They must not outlive the frame that they are connected to.
        desk.rooms.setParent(self)
        desk.alerts.setParent(self)
        desk.outside.setParent(self)
        roles = desk.signed_in.roles
        entries = [
            WorkspaceEntry(
                key=found.key,
                title=found.title,
                icon_name=found.icon_name,
                factory=partial(found.build, desk),
            )
            for found in workspaces_of(roles)
        ]
        self.frame = Frame(entries, who=self._who(), clock=desk.clock, zone=desk.zone, first=first)
        self.frame.header.set_menu(menu)
        self.frame.search.setVisible(bool(SEARCHING.intersection(roles)))
        self.assistant = AssistantSide(desk, self.frame, self)
        self._connect()
        if ALERTED.intersection(roles):
            desk.alerts.reload()
        desk.outside.reload()
        if Role.ADMINISTRATOR in roles:
            desk.outside.tell_left_over()
            self._look_after_servers()
        self._prepare(prints=bool(PRINTING.intersection(roles)))

    def close(self) -> None:
        """What is typed goes to the disk now; nothing is fetched any more."""
        self._desk.autosaver.write_now()
        self.deleteLater()

    def scanned(self, code: str) -> None:
        """A barcode was read somewhere in the window."""
        self.frame.scanned(code)

    def _connect(self) -> None:
        frame, session = self.frame, self._desk.session
        session.link_changed.connect(frame.show_link)
        session.stored_changed.connect(frame.show_stored)
        session.event_arrived.connect(frame.show_event)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(frame.refetch)
        session.refused.connect(self._on_refused)
        frame.lock_requested.connect(self.lock_requested)
        frame.menu_chosen.connect(self.menu_chosen)
        frame.search.text_entered.connect(self._on_search)
        frame.search.submitted.connect(self._on_search)
        frame.search.chosen.connect(self._on_patient_chosen)
        self._desk.rooms.changed.connect(lambda: frame.header.show_person(self._who()))
        self._connect_alerts()
        self._connect_outside()
        frame.show_stored(session.stored)
        if session.link is not None:
            frame.show_link(session.link)

    def _connect_alerts(self) -> None:
        alerts, frame = self._desk.alerts, self.frame
        alerts.changed.connect(lambda: frame.show_alerts(alerts.alerts))
        alerts.raised.connect(frame.announce)
        alerts.refused.connect(self._on_alert_refused)
        frame.alert_acknowledged.connect(alerts.acknowledge)
        frame.alert_opened.connect(self._on_alert_opened)

    def _connect_outside(self) -> None:
        outside, frame = self._desk.outside, self.frame
        outside.changed.connect(lambda: frame.status.show_outside(outside.rows))
        outside.given_up.connect(self._on_given_up)
        outside.left_over.connect(self._on_left_over)

    def _look_after_servers(self) -> None:
        upkeep, frame = UpkeepState(self._desk.session, self), self.frame
        upkeep.changed.connect(lambda: frame.status.server.show_conditions(upkeep.conditions))
        upkeep.worsened.connect(self._on_worsened)
        frame.status.server.clicked.connect(self._show_servers)
        upkeep.keep_watch()

    def _on_worsened(self, host: str, condition: ServerCondition) -> None:
        title = self.tr("{host}: {title}").format(host=host, title=condition.title)
        actions = [Action(self.tr("Show"), self._show_servers)]
        self.frame.say(Kind.DANGER, title, condition.remedy, actions=actions)

    def _show_servers(self) -> None:
        self.frame.open("looking_after")

    def _who(self) -> SignedInAs:
        room = self._desk.rooms.current
        roles = ", ".join(role_word(role) for role in self._desk.signed_in.roles)
        return SignedInAs(name=self._desk.signed_in.person.name, role=roles, room=room.name if room else "")

    def _on_event(self, event: Event) -> None:
        if isinstance(event, UrgentAtKiosk) and TOLD_OF_KIOSK.intersection(self._desk.signed_in.roles):
            title = self.tr("{kiosk}: somebody there needs help now").format(kiosk=event.kiosk)
            kind = Kind.DANGER if event.urgency is Urgency.EMERGENCY else Kind.WARNING
            self.frame.say(kind, title, " · ".join(event.reasons))

    def _prepare(self, *, prints: bool) -> None:
        """First what the first label would wait for, then the other workspaces: never both at a time."""
        if not prints:
            self.frame.prepare_others()
            return
        # Also while somebody types, which takes little; the list that follows a ticket takes much more.
        begin = QTimer(self, singleShot=True, interval=PRINTING_MS)
        begin.timeout.connect(lambda: self._background.run(get_ready, lambda _: self.frame.prepare_others()))
        begin.start()

    def _on_refused(self, fault: Fault) -> None:
        self.frame.say(Kind.WARNING, fault.message)

    def _on_alert_refused(self, alert: AlertRow, fault: Fault) -> None:
        title = self.tr("{title} is not acknowledged").format(title=alert.title)
        self.frame.say(Kind.WARNING, title, fault.message)

    def _on_given_up(self, news: Sequence[JobGivenUp]) -> None:
        last = news[-1]
        title = self.tr("Given up: {job}").format(job=last.summary)
        if len(news) > 1:
            title = self.tr("{count} jobs outside were given up").format(count=len(news))
        actions = [Action(self.tr("Show"), self._show_failed)]
        self.frame.say(Kind.DANGER, title, last.why, actions=actions)

    def _on_left_over(self, count: int) -> None:
        title = self.tr("1 job outside was given up lately") if count == 1 else ""
        title = title or self.tr("{count} jobs outside were given up lately").format(count=count)
        sentence = self.tr("Outside shows what and why.")
        actions = [Action(self.tr("Show"), self._show_failed)]
        self.frame.say(Kind.WARNING, title, sentence, actions=actions)

    def _show_failed(self) -> None:
        self._desk.outside.wish_failed()
        self.frame.open("outside")

    def _on_alert_opened(self, alert: AlertRow) -> None:
        self.frame.close_alerts()
        self._on_patient_chosen(alert.patient)

    def _on_search(self, text: str) -> None:
        self._desk.session.ask(
            SearchPatients(text=text),
            done=lambda hits: self._on_hits(text, hits),
            failed=self._on_search_failed,
            owner=self,
        )

    def _on_hits(self, text: str, hits: PatientHits) -> None:
        self.frame.search.suggest([self._suggestion(patient) for patient in hits.patients], for_text=text)

    def _on_search_failed(self, fault: Fault) -> None:
        self.frame.search.say_instead(fault.message)

    def _suggestion(self, patient: PatientHeader) -> Suggestion:
        today = self._desk.clock().astimezone(self._desk.zone).date()
        age = age_text(patient.birth_date, patient.birth_precision, today=today)
        return Suggestion(
            value=patient,
            words=patient.name,
            detail=" · ".join((patient.number, age, sex_word(patient.sex))),
            pill=self.tr("Deceased") if patient.deceased else "",
            kind=Kind.DANGER,
        )

    def _on_patient_chosen(self, patient: PatientHeader) -> None:
        self.frame.search.set_text("")
        self.frame.open_patient(patient)
