"""One patient's day by keys alone: front desk, nurse, doctor, pharmacy and cash desk, as the staff would."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QWidget  # noqa: TID251 - what the story waits for are widgets

from hms_desktop.app import App
from hms_desktop.billing.panel import BillingPanel
from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.consultations.parts import Mode
from hms_desktop.demo_day.keyboard import Keyboard
from hms_desktop.pharmacy.panel import PharmacyPanel
from hms_desktop.prescribing.panel import PrescriptionPanel
from hms_desktop.stations import StationWorkspace
from hms_desktop.triage.panel import TriagePanel
from hms_desktop.workspaces import FrontDeskWorkspace, workspaces_of
from hms_server.contract.demo import DemoSignIn
from hms_server.contract.values import EncounterId, Role
from hms_server.contract.visits import TicketRow

FAMILY, GIVEN = "Okafor", "Chiamaka Grace"
PHONE = "0803 555 0146"
VITALS = ("39.2", "118", "26", "92", "104", "62", "", "6", "71.5", "")
"""Temperature, pulse, breaths, SpO₂, blood pressure, then glucose, pain, weight and height: NEWS2 11."""
MEDICINES = ("lumefantrine 80", "paracetamol 500 tab")
NOTE_MINOR = 100_000
"""The patient pays with notes of 1,000."""

W = TypeVar("W", bound=QWidget)
P = TypeVar("P", bound=QWidget)


class Day:
    """Each step is one person's part; `picture` is called with a word for what is on the screen."""

    def __init__(
        self, app: App, people: DemoSignIn, keyboard: Keyboard, *, picture: Callable[[str], None]
    ) -> None:
        self._app = app
        self._keyboard = keyboard
        self._picture = picture
        self._seats = [person.role for person in people.people if workspaces_of([person.role])]
        # The demo signs in the first of the strip by itself.
        self._seat = 0
        self.workspaces: set[str] = set()
        self.first_ticket = ""
        self._encounter_id: EncounterId | None = None

    def play(self) -> None:
        """The whole day."""
        self.register()
        self.measure()
        self.see_alert()
        self.treat()
        self.hand_over()
        self.pay()

    def register(self) -> None:
        """Front desk: a new patient with an estimated age, checked in at once."""
        workspace = self._sit_down(Role.RECEPTIONIST, "front_desk", FrontDeskWorkspace)
        keyboard, panel = self._keyboard, workspace.panel
        self._picture("front desk")
        keyboard.fill(FAMILY, GIVEN, "46", "F")
        keyboard.type(PHONE)
        self._picture("register")
        keyboard.press("Ctrl+Return")
        keyboard.wait_for(
            lambda: FAMILY in panel.ticket_card.accessibleName(), "the ticket of the new patient"
        )
        self.first_ticket = panel.ticket_card.accessibleName().partition(",")[0]
        self._picture("ticket")

    def measure(self) -> None:
        """Nurse: vital signs, scored while typing, and on to any doctor."""
        workspace = self._sit_down(Role.NURSE, "nurse", StationWorkspace)
        panel = self._panel(workspace, TriagePanel)
        keyboard = self._keyboard
        self._call(workspace, lambda: panel.state.ticket is not None)
        keyboard.fill(*VITALS)
        # Alert, on air, scale 1, not pregnant as far as she knows.
        keyboard.fill("A", "A", "", "")
        keyboard.type("Fever and cough for three days, short of breath")
        self._picture("vital signs")
        keyboard.press("Ctrl+Return")
        keyboard.wait_for(lambda: panel.state.ticket is None, "the vital signs to be stored")
        self._picture("sent to the doctor")

    def see_alert(self) -> None:
        """Doctor: the alert is in the tray, with a key to take it on."""
        self._sit_down(Role.DOCTOR, "doctor", StationWorkspace)
        keyboard = self._keyboard
        keyboard.wait_for(self._unseen, "the alert for the doctor")
        keyboard.press("Ctrl+B")
        self._picture("alert")
        before = len(self._unseen())
        keyboard.tab_to(lambda widget: widget in self._unseen(), "the alert")
        keyboard.press("Space")
        keyboard.wait_for(lambda: len(self._unseen()) < before, "the alert to be acknowledged")
        keyboard.press("Esc", "Ctrl+1")

    def treat(self) -> None:
        """Doctor: note, diagnosis, two medicines, allergies asked for, signed by one key."""
        workspace = self._station("doctor")
        panel = self._panel(workspace, ConsultationPanel)
        prescription = self._part(workspace, PrescriptionPanel)
        keyboard = self._keyboard
        self._call(workspace, lambda: panel.mode is Mode.WRITING)
        self._picture("chart")
        self._write_note()
        self._choose_diagnosis(panel)
        for number, medicine in enumerate(MEDICINES, start=1):
            self._prescribe(prescription, medicine, number)
        self._picture("not checked")
        keyboard.press("Alt+A")
        keyboard.wait_for(panel.aside.safety.none_button.isVisible, "the page of the allergies")
        keyboard.press("Alt+N")
        keyboard.wait_for(
            lambda: not any(line.unanswered for line in prescription.state.lines), "the safety check"
        )
        self._picture("prescription")
        keyboard.press("Ctrl+Return")
        keyboard.wait_for(lambda: panel.mode is not Mode.WRITING, "the visit to be signed")
        self._picture("signed")

    def hand_over(self) -> None:
        """Pharmacy: packs scanned against the prescription, handed over."""
        workspace = self._sit_down(Role.PHARMACIST, "pharmacy", StationWorkspace)
        panel = self._panel(workspace, PharmacyPanel)
        keyboard = self._keyboard
        self._call(workspace, lambda: len(panel.lines) == len(MEDICINES))
        for line in panel.lines:
            keyboard.scan(line.line.gtin)
        keyboard.wait_for(lambda: all(line.is_scanned for line in panel.lines), "the packs to be scanned")
        self._picture("packs scanned")
        keyboard.press("Ctrl+Return")
        keyboard.wait_for(lambda: not panel.lines, "the medicines to be handed over")
        self._picture("handed over")

    def pay(self) -> None:
        """Cash desk: the bill has made itself; cash, change, receipt."""
        workspace = self._sit_down(Role.CASHIER, "billing", StationWorkspace)
        panel = self._panel(workspace, BillingPanel)
        keyboard = self._keyboard
        self._call(workspace, lambda: panel.state.invoice is not None)
        assert panel.state.invoice is not None
        due_minor = panel.state.invoice.due.amount_minor
        keyboard.type(str(-(-due_minor // NOTE_MINOR) * NOTE_MINOR // 100))
        self._picture("bill")
        keyboard.press("Ctrl+Return")
        keyboard.wait_for(panel.print_button.isEnabled, "the receipt")
        self._picture("receipt")

    def _write_note(self) -> None:
        keyboard = self._keyboard
        for section in (
            "Fever with chills and cough for three days, short of breath since last night.",
            "Crackles at the right base. Rapid test for malaria positive.",
            "Malaria, and probably pneumonia.",
            "Medicines as below, oxygen if below 92 %. See again tomorrow.",
        ):
            keyboard.type(section)
            keyboard.press("Tab")

    def _choose_diagnosis(self, panel: ConsultationPanel) -> None:
        keyboard, field = self._keyboard, panel.note.diagnoses.field
        keyboard.tab_to(lambda widget: widget is field.editor, "the diagnosis")
        keyboard.type("unspecified malaria")
        keyboard.wait_for(field.is_open, "diagnoses to choose from")
        keyboard.press("Return")
        keyboard.wait_for(lambda: panel.note.diagnoses.diagnoses, "the diagnosis")

    def _prescribe(self, prescription: PrescriptionPanel, medicine: str, number: int) -> None:
        keyboard, field = self._keyboard, prescription.entry.product
        keyboard.press("F7")
        keyboard.type(medicine)
        keyboard.wait_for(field.is_open, f"medicines called {medicine}")
        keyboard.press("Return", "Return")
        keyboard.wait_for(lambda: len(prescription.state.lines) == number, f"{medicine} on the prescription")

    def _sit_down(self, role: Role, key: str, kind: type[W]) -> W:
        """A key of the demo's strip signs somebody of that role in."""
        keyboard, seat = self._keyboard, self._seats.index(role)
        if seat != self._seat:
            keyboard.press(f"Ctrl+F{seat + 1}")
            self._seat = seat
        keyboard.wait_for(lambda: self._is_in_front(key), f"the workspace {key}")
        self.workspaces.add(key)
        return self._workspace(kind)

    def _is_in_front(self, key: str) -> bool:
        desk = self._app.desk
        if desk is None or self._app.window.page is not desk.frame or desk.frame.current_key != key:
            return False
        return desk.frame.current is not None

    def _workspace(self, kind: type[W]) -> W:
        assert self._app.desk is not None
        current = self._app.desk.frame.current
        assert isinstance(current, kind)
        return current

    def _station(self, key: str) -> StationWorkspace:
        assert self._is_in_front(key)
        return self._workspace(StationWorkspace)

    def _panel(self, workspace: StationWorkspace, kind: type[P]) -> P:
        assert isinstance(workspace.panel, kind)
        return workspace.panel

    def _part(self, workspace: StationWorkspace, kind: type[P]) -> P:
        found: P | None = workspace.findChild(kind)
        assert found is not None
        return found

    def _call(self, workspace: StationWorkspace, is_open: Callable[[], bool]) -> None:
        """F8 where the patient is next, else Down to the line and Enter; nobody types the name again."""
        keyboard, queue = self._keyboard, workspace.queue
        keyboard.wait_for(lambda: any(map(self._is_ours, queue.state.waiting)), f"{FAMILY} in the queue")
        ours = next(ticket for ticket in queue.state.waiting if self._is_ours(ticket))
        self._encounter_id = ours.encounter_id
        if queue.state.waiting[0] == ours:
            keyboard.press("F8")
        else:
            self._go_to(workspace)
            keyboard.press("Return")
        keyboard.wait_for(is_open, f"{FAMILY} to be open")

    def _is_ours(self, ticket: TicketRow) -> bool:
        """By the ticket that the front desk issued; from then on by the visit, whose tickets change."""
        if self._encounter_id is None:
            return ticket.code == self.first_ticket
        return ticket.encounter_id == self._encounter_id

    def _go_to(self, workspace: StationWorkspace) -> None:
        table = workspace.queue.table
        for _ in range(len(workspace.queue.state.tickets) + 1):
            line = table.chosen_row()
            if line is not None and self._is_ours(line.ticket):
                return
            self._keyboard.press("Down")

    def _unseen(self) -> list[QWidget]:
        """The buttons that take an alert about the patient on."""
        desk = self._app.desk
        buttons = desk.frame.findChildren(QWidget) if desk else []
        wanted = (each for each in buttons if each.accessibleName().startswith("Seen: "))
        return [each for each in wanted if each.accessibleName().endswith(f"{GIVEN} {FAMILY}")]
