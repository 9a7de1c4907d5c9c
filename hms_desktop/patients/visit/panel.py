"""What the visit is for: queue, doctor, special need and reason."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame
from hms_desktop.widgets.queue_words import need_word
from hms_desktop.widgets.tokens import Space
from hms_server.contract.accounts import Service
from hms_server.contract.envelope import Fault
from hms_server.contract.priority import SpecialNeed
from hms_server.contract.values import PatientId, Person, StaffId
from hms_server.contract.visits import TRIAGE, CheckIn

FROM_AGE = "from_age"
ANY_DOCTOR = StaffId(0)
"""Stands for "whoever is free" in the list; no member of staff has it."""


class VisitForm(QWidget):
    """Everything has an answer that fits most visits, so that nobody has to touch it."""

    finished = Signal()
    """Enter was pressed in the last field."""

    def __init__(self, services: Sequence[Service], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        queues = [(service.code, service.name) for service in services]
        self.service: ChoiceField[str] = ChoiceField(self.tr("For"), queues)
        self.doctor: ChoiceField[StaffId] = ChoiceField(self.tr("Doctor"), [])
        needs: list[tuple[SpecialNeed | str, str]] = [(FROM_AGE, self.tr("By age"))]
        needs += [(need, need_word(need)) for need in SpecialNeed]
        self.need: ChoiceField[SpecialNeed | str] = ChoiceField(self.tr("Special need"), needs)
        self.reason = Field(self.tr("Reason"), max_length=500, placeholder=self.tr("Fever for 3 days"))
        self.reason.editor.returnPressed.connect(self.finished)
        self.show_practitioners([])
        self.clear()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(Space.S)
        fields: list[FieldFrame[Any]] = [self.service, self.doctor, self.need, self.reason]
        for column, field in enumerate(fields):
            grid.addWidget(field, 0, column)
            grid.setColumnStretch(column, 2 if field is self.reason else 1)

    def clear(self) -> None:
        """Ready for the next visit."""
        self.service.set_value(TRIAGE)
        self.doctor.set_value(ANY_DOCTOR)
        self.need.set_value(FROM_AGE)
        self.reason.set_text("")

    def show_practitioners(self, people: Sequence[Person]) -> None:
        """Offers these doctors; the chosen one stays chosen."""
        anybody = [(ANY_DOCTOR, self.tr("Any doctor"))]
        self.doctor.set_choices(anybody + [(person.id, person.name) for person in people])
        if self.doctor.value() is None:
            self.doctor.set_value(ANY_DOCTOR)

    def request(self, patient_id: PatientId) -> CheckIn:
        """The check-in of this patient as it is filled in."""
        need, doctor = self.need.value(), self.doctor.value()
        return CheckIn(
            patient_id=patient_id,
            service=self.service.value() or TRIAGE,
            special_need=need if isinstance(need, SpecialNeed) else None,
            practitioner_id=doctor or None,
            reason=self.reason.text(),
        )

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused at its field; says whether it has one."""
        by_name: dict[str, FieldFrame[Any]] = {
            "service": self.service,
            "practitioner_id": self.doctor,
            "special_need": self.need,
            "reason": self.reason,
        }
        field = by_name.get(fault.field or "")
        if field is None:
            return False
        field.set_error(fault.message)
        return True
