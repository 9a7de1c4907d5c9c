"""The card on which a nurse works: the form, its score, and the two ways to store it."""

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.triage.form.panel import VitalsForm
from hms_desktop.triage.table import StoredLine, stored_columns, stored_line
from hms_desktop.triage.words import score_said
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.score import ScoreBox
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_server.contract.triage import VitalsRecorded
from hms_server.contract.values import Person, Sex
from hms_server.contract.visits import TicketRow


class VitalsCard(Card):
    """Draws one patient or nobody; what to do with the values goes out as signals."""

    edited = Signal()
    """The person typed, chose or confirmed something."""
    save_wanted = Signal()
    send_wanted = Signal()

    def __init__(self, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._ticket: TicketRow | None = None
        self._has_stored = False
        self.last = label("", TextRole.MUTED)
        self.notice = Notice()
        self.form = VitalsForm()
        self.score = ScoreBox()
        self.status = label("", TextRole.MUTED, wraps=True)
        self.save_button = SecondaryButton(self.tr("Save without sending"), key="Ctrl+S")
        self.send_button = PrimaryButton(
            self.tr("Save and send to doctor"), key="Ctrl+Enter", icon_name="send"
        )
        self._nobody = label(
            self.tr("Nobody is open. F8 calls the next patient; Enter opens who is selected in the queue."),
            TextRole.MUTED,
            wraps=True,
        )
        self._stored: RowsModel[StoredLine] = RowsModel(
            stored_columns(zone), key=lambda line: line.number, parent=self
        )
        table = TableView(self._stored, name=self.tr("Stored at this station"))
        self._lately = ListState(table, empty=self.tr("Nothing was stored here since you signed in."))
        self._lately.show_rows()
        self._source = label(
            self.tr("Royal College of Physicians, NEWS2, 2017. Supports judgement, does not replace it."),
            TextRole.CAPTION,
            wraps=True,
        )
        self._lay_out()
        self._connect()
        self.close_patient()

    def open_patient(self, ticket: TicketRow, *, age_months: int | None) -> None:
        """An empty form for this patient."""
        self._ticket = ticket
        self._has_stored = False
        self.set_title(self.tr("Vital signs · {name}").format(name=ticket.patient.name))
        self.last.setText("")
        self.status.setText("")
        self.form.practitioner.set_value(None)
        self.show_practitioners([])
        self.form.open(age_months=age_months, asks_for_pregnancy=ticket.patient.sex is not Sex.MALE)
        self._show_parts()
        self.refresh()

    def see_rank(self, ticket: TicketRow) -> None:
        """The same patient as the server has ranked them now."""
        self._ticket = ticket

    def close_patient(self) -> None:
        """Nobody is open; a notice about the one before stays."""
        self._ticket = None
        self.set_title(self.tr("Vital signs"))
        self.last.setText("")
        self.status.setText("")
        self._show_parts()

    def show_has_stored(self, *, last: str, has_stored: bool) -> None:
        """What was measured last, and whether something of this visit is stored already."""
        self.last.setText(last)
        self._has_stored = has_stored
        self._show_buttons()

    def show_practitioners(self, practitioners: Sequence[Person]) -> None:
        """Offers these doctors, and the one for whom the patient has come."""
        wanted = self._ticket.practitioner if self._ticket else None
        people = {person.id: person.name for person in (*practitioners, *((wanted,) if wanted else ()))}
        chosen = self.form.practitioner.value() or (wanted.id if wanted else None)
        self.form.practitioner.set_choices([(None, self.tr("Any doctor")), *people.items()])
        self.form.practitioner.set_value(chosen)

    def add_stored(self, ticket: TicketRow, answer: VitalsRecorded) -> None:
        """Keeps in sight what this station has stored, the newest first."""
        lines = self._stored.rows
        self._stored.replace([stored_line(len(lines), ticket, answer), *lines])
        self._lately.show_rows()

    def only_sends(self) -> bool:
        """Whether all that is left to do is to send the patient on."""
        return self._has_stored and self.form.typed().is_empty

    def lock(self, sentence: str) -> None:
        """What is being stored cannot be changed meanwhile; the focus waits on the card."""
        if self.form.isEnabled():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.form.setEnabled(False)
        self.status.setText(sentence)
        self._show_buttons()

    def unlock(self, sentence: str = "") -> None:
        """The person can go on typing."""
        self.form.setEnabled(True)
        self.status.setText(sentence)
        self._show_buttons()

    def refresh(self) -> None:
        """Draws what follows from what stands in the form."""
        assert self._ticket is not None
        urgency = self.form.urgency.value()
        said = score_said(self.form.judgement(), standing=self._ticket.priority, urgency=urgency)
        self.score.show_score(
            said.kind, number=said.number, title=said.title, sentence=said.sentence, aside=said.aside
        )
        self._show_buttons()

    def _lay_out(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.add_to_heading(self.last)
        for part in (self.notice, self._nobody, self.form, self.score, self._source):
            self.add(part)
        self.add(self._lately, stretch=1)
        self.body.addStretch(0)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.status, 1)
        row.addWidget(self.save_button)
        row.addWidget(self.send_button)
        self.add(row)

    def _connect(self) -> None:
        self.form.edited.connect(self._on_edited)
        self.form.finished.connect(lambda: self.send_button.setFocus(Qt.FocusReason.TabFocusReason))
        self.save_button.clicked.connect(self.save_wanted)
        self.send_button.clicked.connect(self.send_wanted)

    def _on_edited(self) -> None:
        self.refresh()
        self.edited.emit()

    def _show_parts(self) -> None:
        is_open = self._ticket is not None
        self._nobody.setHidden(is_open)
        self._lately.setHidden(is_open)
        for part in (
            self.form,
            self.score,
            self._source,
            self.status,
            self.save_button,
            self.send_button,
        ):
            part.setVisible(is_open)

    def _show_buttons(self) -> None:
        ready = self.form.isEnabled()
        only_sends = self.only_sends()
        self.send_button.set_words(
            self.tr("Send to doctor") if only_sends else self.tr("Save and send to doctor")
        )
        self.send_button.setEnabled(ready)
        self.save_button.setEnabled(ready and not only_sends)
