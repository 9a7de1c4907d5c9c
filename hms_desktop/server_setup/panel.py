"""What the pages of the server's set-up share: Esc goes back, Ctrl+Enter goes on, faults stand at fields."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.shell.steps import Step
from hms_desktop.widgets.fields import FieldFrame
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.setup import PlanFault, SetupPlan, plan_faults


class SetupPage(Step):
    """One page of questions; what it asks is read into the plan, and the plan is written into it."""

    keys: tuple[str, ...] = ()
    """Which faults belong here, by the beginning of their keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(manual="first-day", parent=parent)
        self.set_heading(self.tr("Set up the clinic's server"))
        self.back_button.set_words(self.tr("Back"))
        self.next_button.set_words(self.tr("Next"))
        self.fields: dict[str, FieldFrame[Any]] = {}

    def is_needed(self, _plan: SetupPlan) -> bool:
        """Whether this page is asked at all."""
        return True

    def show_plan(self, plan: SetupPlan) -> None:
        """Shows the answers so far."""

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """The answers with those of this page."""
        return plan

    def own_faults(self) -> list[PlanFault]:
        """What is wrong here and stands in no plan, such as a password that was typed differently twice."""
        return []

    def faults_of(self, plan: SetupPlan) -> list[PlanFault]:
        """All that keeps somebody from going on."""
        return [fault for fault in plan_faults(plan) if self.owns(fault.key)] + self.own_faults()

    def owns(self, key: str) -> bool:
        """Whether the question behind a fault is asked here."""
        return any(key == own or key.startswith(f"{own}.") for own in self.keys)

    def show_faults(self, faults: Sequence[PlanFault]) -> None:
        """Each at its field, the focus at the first; without a field above the buttons."""
        self.notice.take_back()
        for fault in reversed(faults):
            field = self.fields.get(fault.key)
            if field is None:
                self.notice.say(Kind.DANGER, fault.sentence)
            else:
                field.set_error(fault.sentence)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        first = next((field for field in self.fields.values() if not field.isHidden()), None)
        if first is not None:
            first.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def add_row(self, *parts: QWidget) -> None:
        """Fields side by side, each as wide as the others."""
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        for part in parts:
            row.addWidget(part, 1)
        self.card.add(row)
