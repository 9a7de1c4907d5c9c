"""The administrator's page of the assistant: on or off, limits, and what it has cost."""

from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.assistant.policy.state import PolicyState
from hms_desktop.assistant.policy.table import tokens_of, usage_columns
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.assistant import Usage, UsageRow
from hms_server.contract.envelope import Fault

DIGITS = 12


class PolicyPanel(QWidget):
    """What is typed stays until it is stored, also while figures change."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = PolicyState(session, self)
        self._edited = False
        self.switch: ChoiceField[bool] = ChoiceField(
            self.tr("The assistant is"), [(True, self.tr("On")), (False, self.tr("Off for everybody"))]
        )
        self.person_limit = Field(
            self.tr("Limit of each person"),
            unit=self.tr("tokens a month"),
            hint=self.tr("Empty: no limit. A question takes about 1,000 to 10,000 tokens."),
            max_length=DIGITS,
        )
        self.clinic_limit = Field(
            self.tr("Limit of the clinic"),
            unit=self.tr("tokens a month"),
            hint=self.tr("Empty: no limit."),
            max_length=DIGITS,
        )
        self.save_button = PrimaryButton(self.tr("Save"), key="Ctrl+Enter")
        self.notice = Notice()
        self.month: ChoiceField[date] = ChoiceField(self.tr("Month"), [])
        self._model: RowsModel[UsageRow] = RowsModel(
            usage_columns(), key=lambda row: row.person.id, parent=self
        )
        self.table: TableView[UsageRow] = TableView(self._model, name=self.tr("Used"))
        self._list = ListState(self.table, empty=self.tr("Nobody has asked anything in this month."))
        self.total = label("", TextRole.STRONG, wraps=True)
        self._lay_out()
        self._connect()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter: stores switch and limits."""
        enabled = self.switch.value()
        if enabled is None:
            self.switch.set_error(self.tr("Choose on or off."))
            return
        limits = [_limit_of(field) for field in (self.person_limit, self.clinic_limit)]
        for field, limit in zip((self.person_limit, self.clinic_limit), limits, strict=True):
            if limit is None:
                field.set_error(self.tr("Write a whole number, such as 200000, or nothing."))
                return
        self.notice.take_back()
        self.state.store(enabled=enabled, person_limit=limits[0] or 0, clinic_limit=limits[1] or 0)

    def take_focus(self) -> None:
        """The keys go to the switch."""
        self.switch.setFocus()

    def _connect(self) -> None:
        self.state.changed.connect(self._show)
        self.state.failed.connect(self._on_failed)
        self.state.stored.connect(self._on_stored)
        self.state.refused.connect(self._on_refused)
        self.save_button.clicked.connect(self.primary)
        self.month.chosen.connect(self.state.choose)
        self.switch.chosen.connect(self._on_edited)
        self.person_limit.edited.connect(self._on_edited)
        self.clinic_limit.edited.connect(self._on_edited)
        self._list.retried.connect(self.state.reload)

    def _show(self) -> None:
        usage = self.state.usage
        if usage is None:
            return
        if not self._edited:
            self.switch.set_value(usage.enabled)
            self.person_limit.set_text(str(usage.person_limit or ""))
            self.clinic_limit.set_text(str(usage.clinic_limit or ""))
        months = sorted({usage.month, *usage.months}, reverse=True)
        self.month.set_choices([(month, f"{month:%m/%Y}") for month in months])
        self.month.set_value(usage.month)
        self._model.replace(usage.rows)
        self._list.show_rows()
        self.total.setText(self._total_words(usage))

    def _total_words(self, usage: Usage) -> str:
        used = sum(tokens_of(row) for row in usage.rows)
        if not usage.clinic_limit:
            return self.tr("Together {used} tokens").format(used=f"{used:,}")
        words = self.tr("Together {used} of {limit} tokens ({share} %)")
        share = 100 * used // usage.clinic_limit
        return words.format(used=f"{used:,}", limit=f"{usage.clinic_limit:,}", share=share)

    def _on_edited(self, _value: object) -> None:
        self._edited = True
        self.notice.take_back()

    def _on_stored(self) -> None:
        self._edited = False
        self.notice.say(Kind.OK, self.tr("Stored."))

    def _on_refused(self, fault: Fault) -> None:
        fields = {"person_limit": self.person_limit, "clinic_limit": self.clinic_limit}
        field = fields.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, self.tr("NOT stored"), fault.message)

    def _on_failed(self, fault: Fault) -> None:
        if self.state.usage is None:
            self._list.show_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, self.tr("These figures may be old."), fault.message)

    def _lay_out(self) -> None:
        left = Card(self.tr("Assistant"))
        why = label(
            self.tr("Switched off, no desk shows anything of it, and nothing is sent."),
            TextRole.MUTED,
            wraps=True,
        )
        for part in (why, self.switch, self.person_limit, self.clinic_limit):
            left.add(part)
        row = QHBoxLayout()
        row.addWidget(self.save_button)
        row.addStretch(1)
        left.add(row)
        left.add(self.notice)
        left.body.addStretch(1)
        right = Card(self.tr("Used"))
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        top.addWidget(self.month)
        top.addWidget(self.total, 1, Qt.AlignmentFlag.AlignBottom)
        right.add(top)
        right.add(self._list, stretch=1)
        page = QHBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(Space.M)
        side = QVBoxLayout()
        side.addWidget(left)
        page.addLayout(side, 2)
        page.addWidget(right, 3)


def _limit_of(field: Field) -> int | None:
    """0 for nothing written, None for what is no number."""
    text = field.text().replace(",", "").replace(" ", "")
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdigit() else None
