"""What a patient agrees to, asked for one by one: nothing is agreed to before somebody has asked."""

from collections.abc import Callable
from datetime import date, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from hms_desktop.patients.consents.state import ConsentsState
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import moment_text
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import ConsentDecision, ConsentHow, ConsentRow, Consents, ConsentScope
from hms_server.contract.values import PatientId

YES, NO = ConsentDecision.GIVEN, ConsentDecision.WITHDRAWN


class ConsentsStrip(QWidget):
    """One line for each question: yes, no, and since when; the pressed button is what holds now."""

    def __init__(
        self, session: Session, *, zone: tzinfo, today: Callable[[], date], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._zone = zone
        self._today = today
        self.state = ConsentsState(session, parent=self)
        self.buttons: dict[tuple[ConsentScope, ConsentDecision], SecondaryButton] = {}
        self._since: dict[ConsentScope, QLabel] = {}
        ways = [
            (ConsentHow.SPOKEN, self.tr("Said here")),
            (ConsentHow.WRITTEN, self.tr("Signed")),
            (ConsentHow.PHONE, self.tr("By phone")),
        ]
        self.how: ChoiceField[ConsentHow] = ChoiceField("", ways)
        self.how.editor.setAccessibleName(self.tr("How the patient has said it"))
        self.notice = Notice()
        self._lay_out()
        self._connect()
        self.open(None)

    def open(self, patient_id: PatientId | None) -> None:
        """Shows another patient, or nobody; until the answer has come, nothing can be pressed."""
        self.notice.take_back()
        self.how.set_value(ConsentHow.SPOKEN)
        for scope in ConsentScope:
            self._show(scope, None, words="…" if patient_id else "")
        self._set_enabled(enabled=False)
        self.state.open(patient_id)

    def _on_came(self, consents: Consents) -> None:
        self.notice.take_back()
        rows = {row.scope: row for row in consents.current}
        for scope in ConsentScope:
            self._show(scope, rows.get(scope))
        self._set_enabled(enabled=True)

    def _on_failed(self, fault: Fault) -> None:
        for scope in ConsentScope:
            self._show(scope, None, words=self.tr("not known"))
        retry = Action(self.tr("Try again"), self.state.fetch)
        self.notice.say(
            Kind.WARNING, self.tr("What was agreed to could not be fetched"), fault.message, actions=[retry]
        )

    def _on_refused(self, fault: Fault) -> None:
        self.notice.say(Kind.WARNING, self.tr("The decision is not stored"), fault.message)
        self.state.fetch()

    def _record(self, scope: ConsentScope, decision: ConsentDecision) -> None:
        # Pressed is what is stored: until the server has said so, the button looks as before.
        self._set_enabled(enabled=False)
        self._since[scope].setText(self.tr("Saving…"))
        self.state.record(scope, decision, self.how.value() or ConsentHow.SPOKEN)

    def _show(self, scope: ConsentScope, row: ConsentRow | None, *, words: str = "") -> None:
        for decision in (YES, NO):
            self.buttons[scope, decision].setChecked(row is not None and row.decision is decision)
        self._since[scope].setText(self._say(row) if row else words or self.tr("Not asked yet"))

    def _say(self, row: ConsentRow) -> str:
        how = {
            ConsentHow.SPOKEN: self.tr("said"),
            ConsentHow.WRITTEN: self.tr("signed"),
            ConsentHow.PHONE: self.tr("by phone"),
        }[row.how]
        when = moment_text(row.written.at, self._zone, today=self._today())
        by = f" · {row.written.by.name}" if row.written.by else ""
        return f"{how} {when}{by}"

    def _set_enabled(self, *, enabled: bool) -> None:
        focused = next((button for button in self.buttons.values() if button.hasFocus()), None)
        for button in self.buttons.values():
            # A button that is switched off under the focus would hand it to another field.
            button.setEnabled(enabled or button is focused)

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.failed.connect(self._on_failed)
        self.state.refused.connect(self._on_refused)
        for (scope, decision), button in self.buttons.items():
            button.clicked.connect(
                lambda _checked, scope=scope, decision=decision: self._on_pressed(scope, decision)
            )

    def _on_pressed(self, scope: ConsentScope, decision: ConsentDecision) -> None:
        button = self.buttons[scope, decision]
        wanted = button.isChecked()
        # Qt has turned the button already.
        button.setChecked(not wanted)
        if wanted and not self.state.saving:
            self._record(scope, decision)

    def _lay_out(self) -> None:
        titles = {
            ConsentScope.MESSAGES: self.tr("Messages by SMS or e-mail"),
            ConsentScope.ASSISTANT: self.tr("Assistant on the internet, without name"),
            ConsentScope.SAVED_CARD: self.tr("Card kept for later payments"),
        }
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(Space.XS)
        grid.addWidget(label(self.tr("Does the patient agree?"), TextRole.LABEL), 0, 0)
        grid.addWidget(self.how, 0, 3, Qt.AlignmentFlag.AlignRight)
        for row, scope in enumerate(ConsentScope, start=1):
            title = titles[scope]
            self.buttons[scope, YES] = self._button(self.tr("Yes"), title)
            self.buttons[scope, NO] = self._button(self.tr("No"), title)
            self._since[scope] = label("", TextRole.MUTED, wraps=True)
            grid.addWidget(label(title, wraps=True), row, 0)
            grid.addWidget(self.buttons[scope, YES], row, 1)
            grid.addWidget(self.buttons[scope, NO], row, 2)
            grid.addWidget(self._since[scope], row, 3)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(3, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(grid)
        column.addWidget(self.notice)

    @staticmethod
    def _button(words: str, title: str) -> SecondaryButton:
        button = SecondaryButton(words)
        button.setCheckable(True)
        button.setAccessibleName(f"{title}: {words}")
        return button
