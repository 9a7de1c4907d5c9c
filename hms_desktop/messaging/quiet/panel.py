"""Quiet hours, and where the clinic's phones are at home."""

from datetime import time
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.messaging.state import QuietState
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import MessagingSettings
from hms_server.contract.patients import LANGUAGES


class QuietPanel(QWidget):
    """Four small fields in one line."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = QuietState(session, parent=self)
        self._typed = False
        self.quiet_from = Field(self.tr("Quiet from"), max_length=5, placeholder="21:00")
        self.quiet_until = Field(self.tr("until"), max_length=5, placeholder="07:00")
        self.country = Field(self.tr("Country"), max_length=2, placeholder="NG")
        self.language: ChoiceField[str] = ChoiceField(self.tr("Clinic's language"), list(LANGUAGES.items()))
        self.notice = Notice()
        self.button = SecondaryButton(self.tr("Store"), key="F9", icon_name="content-save-outline")
        self._lay_out()
        self._connect()
        self.button.setEnabled(False)

    def store(self) -> None:
        """Stores the four; a mistake is shown at its field."""
        begins, ends = self._read(self.quiet_from), self._read(self.quiet_until)
        language = self.language.value()
        if begins is None or ends is None or language is None:
            return
        settings = MessagingSettings(
            quiet_from=begins, quiet_until=ends, country=self.country.text(), language=language
        )
        self.state.store(settings)

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return self._typed

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _read(self, field: Field) -> time | None:
        typed = field.text().replace(".", ":")
        try:
            hours = typed if ":" in typed else f"{typed}:00"
            return time.fromisoformat(hours if typed and hours[1:2] != ":" else f"0{hours}")
        except ValueError:
            field.set_error(self.tr("Write it like 21:00."))
            return None

    def _on_came(self, settings: MessagingSettings) -> None:
        if not self._typed:
            self._show(settings)
        self.button.setEnabled(True)

    def _on_stored(self, settings: MessagingSettings) -> None:
        self._show(settings)
        none = settings.quiet_from == settings.quiet_until
        words = self.tr("Stored. There are no quiet hours.") if none else self.tr("Stored.")
        self.notice.say(Kind.OK, words)

    def _on_failed(self, fault: Fault) -> None:
        self.notice.say(Kind.WARNING, self.tr("The quiet hours could not be fetched"), fault.message)

    def _on_refused(self, fault: Fault) -> None:
        fields: dict[str, FieldFrame[Any]] = {"country": self.country, "language": self.language}
        field = fields.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, self.tr("The quiet hours are not stored"), fault.message)

    def _on_edited(self) -> None:
        self._typed = True
        self.notice.take_back()

    def _show(self, settings: MessagingSettings) -> None:
        self._typed = False
        self.quiet_from.set_text(f"{settings.quiet_from:%H:%M}")
        self.quiet_until.set_text(f"{settings.quiet_until:%H:%M}")
        self.country.set_text(settings.country)
        self.language.set_value(settings.language)

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.stored.connect(self._on_stored)
        self.state.failed.connect(self._on_failed)
        self.state.refused.connect(self._on_refused)
        for field in (self.quiet_from, self.quiet_until, self.country):
            field.edited.connect(self._on_edited)
        self.language.chosen.connect(self._on_edited)
        self.button.clicked.connect(self.store)

    def _lay_out(self) -> None:
        card = Card(self.tr("When and where"))
        card.add_to_heading(self.button)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for field, stretch in (
            (self.quiet_from, 2),
            (self.quiet_until, 2),
            (self.country, 2),
            (self.language, 4),
        ):
            row.addWidget(field, stretch)
        card.add(row)
        card.add(self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
