"""What the pages of the server's set-up share: Esc goes back, Ctrl+Enter goes on, faults stand at fields."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.shell.main_window import MANUAL_PAGE
from hms_desktop.shell.pages import CardPage
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import FieldFrame
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.setup import PlanFault, SetupPlan, plan_faults

WIDTH = 720


class SetupPage(CardPage):
    """One page of questions; what it asks is read into the plan, and the plan is written into it."""

    next_requested = Signal()
    back_requested = Signal()

    keys: tuple[str, ...] = ()
    """Which faults belong here, by the beginning of their keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", width=WIDTH, parent=parent)
        self.setProperty(MANUAL_PAGE, "first-day")
        self.set_heading(self.tr("Set up the clinic's server"))
        self.sentence = label("", TextRole.MUTED, wraps=True)
        self.fields: dict[str, FieldFrame[Any]] = {}
        self.back_button = SecondaryButton(self.tr("Back"), key="Esc")
        self.back_button.clicked.connect(self.back_requested)
        self.next_button = PrimaryButton(self.tr("Next"), key="Ctrl+Enter")
        self.next_button.clicked.connect(self.next_requested)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(self.next_button.click)
        self.card.add(self.sentence)

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

    def finish_card(self) -> None:
        """Puts notice, progress bar and buttons below everything else."""
        self.card.add(self.notice)
        self.card.add(self.bar)
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(self.next_button)
        self.card.add(row)
