"""The ordinary form on which a person accepts what the assistant has proposed: nothing is stored before."""

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.assistant.attachment.panel import slot_line
from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.assistant.words import draft_word
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import ChoiceField, Field, TextField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.assistant import AcceptAppointment, AcceptDraft, Dismiss
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.scheduling import Slot
from hms_server.contract.suggestions import AppointmentProposal, Attachment, Draft

TEXT_ROWS = 12


class ProposalPage(QWidget):
    """Shows all that will be stored; it can be changed, accepted, or not wanted."""

    left = Signal()
    settled = Signal()
    """Accepted or dismissed: the conversation is to be fetched again."""

    def __init__(self, desk: AssistantDesk, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._zone = zone
        self.proposal: AppointmentProposal | Draft | None = None
        self._head = label("", TextRole.HEADING, wraps=True)
        self._patient = label("", TextRole.STRONG, wraps=True)
        self._mark = label(
            self.tr("Suggested by the assistant. Read it, change it, and accept it only if it is right."),
            TextRole.MUTED,
            wraps=True,
        )
        self.slot: ChoiceField[Slot] = ChoiceField(self.tr("When"), [], required=True)
        self.reason = Field(self.tr("Reason"), max_length=500)
        self.title = Field(self.tr("Title"), required=True)
        self.recipient = Field(self.tr("To"))
        self.text = TextField(self.tr("Text"), rows=TEXT_ROWS)
        self.notice = Notice()
        self.accept_button = PrimaryButton(self.tr("Accept and store"), key="Ctrl+Enter", icon_name="check")
        self.dismiss_button = SecondaryButton(self.tr("Not wanted"))
        self.back = SecondaryButton(self.tr("Back"), icon_name="arrow-left")
        self._lay_out()
        self.back.clicked.connect(self.left)
        self.accept_button.clicked.connect(self.accept)
        self.dismiss_button.clicked.connect(self._dismiss)

    def open(self, proposal: Attachment) -> None:
        """Fills the form with what is proposed."""
        if not isinstance(proposal, AppointmentProposal | Draft):
            return
        if proposal == self.proposal:
            # Left with Esc in the middle of a correction, and opened again: the correction stays.
            return
        self.proposal = proposal
        self.notice.take_back()
        self._patient.setText(f"{proposal.patient.name} · {proposal.patient.number}")
        is_draft = isinstance(proposal, Draft)
        self.slot.setHidden(is_draft)
        self.reason.setHidden(is_draft)
        self.title.setHidden(not is_draft)
        self.recipient.setHidden(not is_draft)
        self.text.setHidden(not is_draft)
        if isinstance(proposal, Draft):
            self._fill_draft(proposal)
        else:
            self._fill_appointment(proposal)

    def accept(self) -> None:
        """Stores what the form shows, once, however often the key is pressed."""
        if not self.accept_button.isEnabled():
            return
        request = self._request()
        if request is not None:
            self._send(request)

    def _fill_draft(self, draft: Draft) -> None:
        self._head.setText(draft_word(draft.kind))
        self.title.set_text(draft.title)
        self.recipient.set_text(draft.recipient)
        self.text.set_text(draft.text)
        self.title.setFocus()

    def _fill_appointment(self, proposal: AppointmentProposal) -> None:
        self._head.setText(self.tr("Appointment"))
        slots = [proposal.slot] if proposal.slot else []
        slots += [slot for slot in proposal.alternatives if slot != proposal.slot]
        self.slot.set_choices([(slot, slot_line(slot, self._zone)) for slot in slots])
        self.slot.set_value(proposal.slot)
        self.reason.set_text(proposal.reason)
        if proposal.conflict:
            self.notice.say(Kind.WARNING, proposal.conflict)
        self.slot.setFocus()

    def _request(self) -> Request[Attachment] | None:
        proposal = self.proposal
        if isinstance(proposal, Draft):
            return AcceptDraft(
                proposal_id=proposal.id,
                title=self.title.text(),
                text=self.text.text(),
                recipient=self.recipient.text(),
            )
        slot = self.slot.value()
        if proposal is None or slot is None:
            self.slot.set_error(self.tr("Choose a time."))
            return None
        return AcceptAppointment(proposal_id=proposal.id, slot=slot, reason=self.reason.text())

    def _dismiss(self) -> None:
        if self.proposal is not None:
            self._send(Dismiss(proposal_id=self.proposal.id))

    def _send(self, request: Request[Attachment]) -> None:
        self._enable(is_on=False)
        self._desk.save(request, done=self._on_settled, failed=self._on_refused, owner=self)

    def _on_settled(self, _proposal: Attachment) -> None:
        self._enable(is_on=True)
        self.proposal = None
        self.settled.emit()

    def _on_refused(self, fault: Fault) -> None:
        self._enable(is_on=True)
        fields: dict[str, Field | TextField] = {
            "title": self.title,
            "text": self.text,
            "recipient": self.recipient,
            "reason": self.reason,
        }
        field = fields.get((fault.field or "").partition(".")[0])
        if field is not None:
            field.set_error(fault.message)
        elif (fault.field or "").startswith(("slot", "starts_at")):
            self.slot.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _enable(self, *, is_on: bool) -> None:
        for button in (self.accept_button, self.dismiss_button):
            button.setEnabled(is_on)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.back)
        row.addStretch(1)
        row.addWidget(self.dismiss_button)
        row.addWidget(self.accept_button)
        inner = QWidget()
        form = QVBoxLayout(inner)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(Space.S)
        for part in (self._mark, self.slot, self.reason, self.title, self.recipient, self.text):
            form.addWidget(part)
        form.addStretch(1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._head)
        column.addWidget(self._patient)
        column.addWidget(scrolled, 1)
        column.addWidget(self.notice)
        column.addLayout(row)
