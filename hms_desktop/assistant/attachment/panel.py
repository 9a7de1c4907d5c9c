"""What an answer brings along: findings to read, and proposals that open an ordinary form."""

from datetime import tzinfo

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from hms_desktop.assistant.words import draft_word, finding_lines
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import date_text, time_text
from hms_server.contract.scheduling import Slot
from hms_server.contract.suggestions import (
    AppointmentProposal,
    Attachment,
    Differential,
    Draft,
    FoundPatients,
    FreeSlots,
    PossibleDiagnosis,
    ProposalState,
    SafetyReport,
    TreatmentOption,
    Treatments,
)

SLOTS_SHOWN = 6


class AttachmentCard(QFrame):
    """A title, its lines as plain text, and where there is a form the button that opens it."""

    opened = Signal(object)
    """The `Attachment` whose form is wanted."""

    def __init__(self, attachment: Attachment, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.attachment = attachment
        title, lines = describe(attachment, zone)
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        column.setSpacing(Space.XS)
        column.addWidget(label(title, TextRole.STRONG, wraps=True))
        self.lines = label("\n".join(lines), wraps=True)
        column.addWidget(self.lines)
        self.lines.setHidden(not lines)
        if isinstance(attachment, AppointmentProposal | Draft):
            self._add_form_button(attachment, column)

    def _add_form_button(self, proposal: AppointmentProposal | Draft, column: QVBoxLayout) -> None:
        if proposal.state is ProposalState.OPEN:
            button = SecondaryButton(self.tr("Open the form"), icon_name="form-select")
            button.clicked.connect(lambda: self.opened.emit(proposal))
            column.addWidget(button)
        else:
            words = proposal.mark or self.tr("Not wanted")
            column.addWidget(label(words, TextRole.MUTED, wraps=True))


def describe(attachment: Attachment, zone: tzinfo) -> tuple[str, list[str]]:
    """Title and lines of an attachment."""
    if isinstance(attachment, AppointmentProposal):
        return _tr("Proposed appointment"), _appointment_lines(attachment, zone)
    if isinstance(attachment, Draft):
        title = f"{draft_word(attachment.kind)}: {attachment.title}"
        return title, [attachment.patient.name, attachment.text]
    if isinstance(attachment, FreeSlots):
        return _tr("Free times"), [slot_line(slot, zone) for slot in attachment.slots[:SLOTS_SHOWN]]
    if isinstance(attachment, FoundPatients):
        return _tr("Patients found"), [f"{one.name} · {one.number}" for one in attachment.patients]
    return _describe_clinical(attachment)


def _describe_clinical(found: Differential | Treatments | SafetyReport) -> tuple[str, list[str]]:
    if isinstance(found, Differential):
        title = _tr("Possible diagnoses: not stored, and for the doctor to judge")
        return title, [line for one in found.diagnoses for line in _diagnosis_lines(one)]
    if isinstance(found, Treatments):
        title = _tr("Possible treatments: not prescribed, and for the doctor to judge")
        lines = [line for one in found.options for line in _treatment_lines(one)]
        return title, [*lines, *finding_lines(found.findings)]
    return _tr("Checked here, by the clinic's own tables"), _safety_lines(found)


def slot_line(slot: Slot, zone: tzinfo) -> str:
    """Such as "12 Mar 2026 10:20 · Dr Kofi Asante · Room 2"."""
    day = date_text(slot.starts_at.astimezone(zone).date())
    return f"{day} {time_text(slot.starts_at, zone)} · {slot.practitioner.name} · {slot.room}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Assistant", text)


def _appointment_lines(proposal: AppointmentProposal, zone: tzinfo) -> list[str]:
    when = slot_line(proposal.slot, zone) if proposal.slot else _tr("No free time was found.")
    return [line for line in (proposal.patient.name, proposal.conflict, when, proposal.reason) if line]


def _diagnosis_lines(one: PossibleDiagnosis) -> list[str]:
    name = f"{one.name} ({one.likelihood})"
    if one.must_not_miss:
        name = _tr("{name}: must not be missed").format(name=name)
    parts = (
        (_tr("for"), one.supports),
        (_tr("against"), one.against),
        (_tr("next"), one.next_steps),
    )
    return [f"• {name}", *[f"   {word}: {'; '.join(texts)}" for word, texts in parts if texts]]


def _treatment_lines(one: TreatmentOption) -> list[str]:
    lines = [f"• {one.name}"]
    if one.medicines:
        lines.append("   " + "; ".join(one.medicines))
    return [*lines, *[f"   {text}" for text in (one.reason, *one.cautions) if text]]


def _safety_lines(report: SafetyReport) -> list[str]:
    unknown = [_tr("NOT CHECKED: {name}").format(name=name) for name in report.unknown]
    found = finding_lines(report.findings)
    nothing = [] if found or unknown else [_tr("Nothing found.")]
    return [", ".join(report.medicines), *unknown, *found, *nothing]
