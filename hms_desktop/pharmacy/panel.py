"""The pharmacy terminal: one prescription, packs scanned against it, what is owing and what runs out."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.pharmacy.gs1 import GTIN_DIGITS, read_pack
from hms_desktop.pharmacy.label import print_labels
from hms_desktop.pharmacy.line.panel import LinePanel
from hms_desktop.pharmacy.state import DispensaryState
from hms_desktop.pharmacy.table import attention_columns, owing_columns
from hms_desktop.printing.documents import Letterhead
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.words import date_text, time_text
from hms_server.contract.accounts import Clinic
from hms_server.contract.consultations import Banner
from hms_server.contract.envelope import Fault
from hms_server.contract.pharmacy import AttentionRow, Dispensed, DispenseLine, ToDispenseRow
from hms_server.contract.visits import TicketRow

SIDE_WIDTH = 280


class PharmacyPanel(QWidget):
    """Dispenses one prescription at a time."""

    sent_on = Signal()
    """The medicines are handed over and the patient has gone on."""

    def __init__(
        self,
        session: Session,
        *,
        clinic: Clinic,
        clock: Callable[[], datetime],
        zone: tzinfo,
        printer: Printer,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clinic = clinic
        self._clock = clock
        self._zone = zone
        self._printer = printer
        self._background = Background(self)
        self._given: Dispensed | None = None
        self._warned_unscanned = False
        self.lines: list[LinePanel] = []
        self.state = DispensaryState(session, parent=self)
        self._owing: RowsModel[ToDispenseRow] = RowsModel(
            owing_columns(), key=lambda row: row.encounter_id, parent=self
        )
        self._attention: RowsModel[AttentionRow] = RowsModel(
            attention_columns(), key=lambda row: (row.product_id, row.kind), parent=self
        )
        self._build_parts()
        self._lay_out()
        self._connect()

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows the prescription of the visit to which the ticket belongs."""
        self._begin(ticket.patient.name)
        self.state.open(ticket.encounter_id, ticket.patient.id, ticket)

    def primary(self) -> None:
        """Ctrl+Enter: hands over what is picked; packs that nobody scanned are asked about once."""
        picked = [line for line in self.lines if line.given]
        if not picked or not self._quantities_fit() or self.state.saving:
            return
        unscanned = [line.line.product for line in picked if not line.is_scanned]
        if unscanned and not self._warned_unscanned:
            self._warned_unscanned = True
            self.notice.say(
                Kind.WARNING,
                self.tr("Not scanned: {medicines}").format(medicines=", ".join(unscanned)),
                self.tr("Scan the packs, or press Ctrl+Enter again to hand over without."),
            )
            return
        self.dispense_button.setEnabled(False)
        self.state.dispense([line.picked() for line in picked])

    def is_busy(self) -> bool:
        """Whether packs were scanned or quantities typed that are not dispensed yet."""
        return any(line.touched or line.scans for line in self.lines)

    def scan(self, code: str) -> bool:
        """A pack was scanned; says whether a prescription was open to check it against."""
        if not self.lines:
            return False
        self.scan_field.set_text("")
        pack = read_pack(code, today=self._today())
        if pack is not None and pack.expires_on is not None and pack.expires_on < self._today():
            title = self.tr("This pack expired on {day}.").format(day=date_text(pack.expires_on))
            self.notice.say(Kind.DANGER, title, self.tr("Do not hand it over. Write it off under Stock."))
            return True
        number = pack.gtin if pack is not None and len(code) > GTIN_DIGITS else code
        for line in self.lines:
            if line.scan(number):
                self._warned_unscanned = False
                self.notice.say(Kind.OK, self.tr("Right pack: {name}").format(name=line.line.product))
                return True
        expected = "; ".join(line.line.product for line in self.lines)
        self.notice.say(
            Kind.DANGER,
            self.tr("Wrong pack: {code}").format(code=code),
            self.tr("This prescription needs {medicines}. Put the pack back.").format(medicines=expected),
        )
        return True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.reload()

    def _build_parts(self) -> None:
        self.banner = PatientBanner()
        self.banner.hide()
        self.notice = Notice()
        self.card = Card(self.tr("Prescription"))
        self._prescriber = label("", TextRole.MUTED, wraps=True)
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, Space.S, 0)
        self._rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._list)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._state = ListState(scroll, empty=self.tr("Call a patient to see the prescription"))
        self._state.show_empty(self.tr("Call a patient to see the prescription"))
        self.scan_field = Field(
            self.tr("Scan a pack"), hint=self.tr("The scanner may also be used with the keys anywhere else")
        )
        self.dispense_button = PrimaryButton(
            self.tr("Dispense and hand over"), key="Ctrl+Enter", icon_name="check"
        )
        self.dispense_button.setEnabled(False)
        self.print_button = SecondaryButton(self.tr("Print again"), key="Ctrl+P", icon_name="printer-outline")
        self.print_button.setEnabled(False)
        self.owing = TableView(self._owing, name=self.tr("Still owing"))
        self._owing_state = ListState(self.owing, empty=self.tr("Nothing is owing to anybody"))
        self.attention = TableView(self._attention, name=self.tr("Needs attention"))
        self._attention_state = ListState(self.attention, empty=self.tr("Stock is in order"))

    def _lay_out(self) -> None:
        self.card.add(self._prescriber)
        self.card.add(self._state, stretch=1)
        self.card.add(self.notice)
        self.card.add(self.scan_field)
        buttons = QHBoxLayout()
        buttons.addWidget(self.print_button)
        buttons.addStretch(1)
        buttons.addWidget(self.dispense_button)
        self.card.add(buttons)
        attention, owing = Card(self.tr("Needs attention")), Card(self.tr("Still owing"))
        attention.add(self._attention_state, stretch=1)
        owing.add(self._owing_state, stretch=1)
        side = QVBoxLayout()
        side.setSpacing(Space.M)
        # At least so wide; the lists ask for more where a word or a state would be cut off.
        side.addStrut(current_tokens().px(SIDE_WIDTH))
        side.addWidget(attention, 3)
        side.addWidget(owing, 2)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.card, 1)
        row.addLayout(side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self.banner)
        column.addLayout(row, 1)

    def _connect(self) -> None:
        self.state.prescription_changed.connect(self._show_prescription)
        self.state.banner_changed.connect(self._show_banner)
        self.state.lists_changed.connect(self._show_lists)
        self.state.dispensed.connect(self._on_dispensed)
        self.state.refused.connect(self._on_refused)
        self.state.failed.connect(lambda fault: self._state.show_error(fault.message))
        self._state.retried.connect(self.state.reload)
        self.scan_field.editor.returnPressed.connect(self._on_scan_entered)
        self.owing.opened.connect(self._on_owing_opened)
        self.dispense_button.clicked.connect(self.primary)
        self.print_button.clicked.connect(self._print)

    def _begin(self, name: str) -> None:
        """A new prescription: nothing of the one before stays on the counter."""
        self._given = None
        self._warned_unscanned = False
        self._replace_lines([])
        self.notice.take_back()
        self.banner.hide()
        self.print_button.setEnabled(False)
        self.card.set_title(self.tr("Prescription · {name}").format(name=name))
        self._prescriber.setText("")
        self._state.show_loading()
        self.scan_field.set_text("")
        self.scan_field.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_prescription(self) -> None:
        prescription = self.state.prescription
        if prescription is None:
            return
        known = {line.line.medication_request_id: line for line in self.lines}
        open_lines = [line for line in prescription.lines if line.owing]
        if [line.medication_request_id for line in open_lines] == list(known):
            for line in open_lines:
                known[line.medication_request_id].update_line(line)
        else:
            self._replace_lines(open_lines)
            # Qt gives the focus to the first field that appears; the scanner's field is to keep it.
            self.scan_field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        if prescription.prescriber and prescription.authored_at:
            self._prescriber.setText(
                self.tr("{doctor} · signed {time}").format(
                    doctor=prescription.prescriber.name, time=time_text(prescription.authored_at, self._zone)
                )
            )
        if open_lines:
            self._state.show_rows()
        else:
            self._state.show_empty(self.tr("Nothing is left to dispense for this visit"))
        self.dispense_button.setEnabled(bool(open_lines) and not self.state.saving)

    def _replace_lines(self, lines: list[DispenseLine]) -> None:
        for old in self.lines:
            old.hide()
            old.deleteLater()
        self.lines = [LinePanel(line, self._list) for line in lines]
        for number, panel in enumerate(self.lines):
            self._rows.insertWidget(number, panel)
            panel.edited.connect(self._on_edited)

    def _on_edited(self) -> None:
        self._warned_unscanned = False

    def _on_scan_entered(self) -> None:
        code = self.scan_field.text().strip()
        if code:
            self.scan(code)

    def _quantities_fit(self) -> bool:
        for line in self.lines:
            if line.given > line.line.owing:
                line.quantity.set_error(self.tr("At most {owing} are owing.").format(owing=line.line.owing))
                return False
        return True

    def _show_banner(self, banner: Banner) -> None:
        self.banner.show_patient(banner, today=self._today())
        self.banner.show()

    def _show_lists(self) -> None:
        self._owing.replace(self.state.owing)
        self._owing_state.show_rows()
        self._attention.replace(self.state.attention)
        self._attention_state.show_rows()

    def _on_dispensed(self, given: Dispensed) -> None:
        self._given = given
        self._replace_lines([])
        self._state.show_empty(self.tr("Handed over"))
        self.print_button.setEnabled(True)
        title = self.tr("{name} · stored {time}").format(
            name=given.patient.name, time=time_text(given.at, self._zone)
        )
        self.notice.say(Kind.OK, title, self._what_next(given))
        self._print()
        self.sent_on.emit()

    def _what_next(self, given: Dispensed) -> str:
        owing = [
            self.tr("{count} × {medicine} stay owing.").format(count=line.owing, medicine=line.product)
            for line in given.lines
            if line.owing
        ]
        if given.ticket is not None:
            owing.insert(0, self.tr("Goes on as {code}.").format(code=given.ticket.code))
        return " ".join(owing)

    def _on_refused(self, fault: Fault) -> None:
        self.dispense_button.setEnabled(True)
        field = (fault.field or "").split(".")
        if field[0] == "lines" and len(field) > 1 and field[1].isdigit():
            picked = [line for line in self.lines if line.given]
            picked[int(field[1])].quantity.set_error(fault.message)
        else:
            self.notice.say(Kind.DANGER, fault.message)

    def _on_owing_opened(self, row: ToDispenseRow) -> None:
        self._begin(row.patient.name)
        self.state.open(row.encounter_id, row.patient.id, None)

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _print(self) -> None:
        given = self._given
        if given is None:
            return
        head = Letterhead(name=self._clinic.name, time_zone=self._clinic.time_zone)
        self._background.run(lambda: print_labels(self._printer, given, letterhead=head), self._on_printed)

    def _on_printed(self, outcomes: list[PrintOutcome]) -> None:
        trouble = [outcome.message for outcome in outcomes if not outcome.printed]
        if trouble:
            self.notice.say(Kind.WARNING, trouble[0])
