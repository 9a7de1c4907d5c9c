"""The administrator's editor for the words of messages, with a message as a patient would read it."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.messaging.state import WordingState
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame, TextField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import SetTemplate, TemplateRow, Templates
from hms_server.contract.patients import LANGUAGES

FALLBACK = "en"


class WordingPanel(QWidget):
    """One message in one language at a time; what is typed for each stays until it is stored."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = WordingState(session, parent=self)
        self._rows: dict[tuple[str, str], TemplateRow] = {}
        self._shown: tuple[str, str] | None = None
        self._typed: dict[tuple[str, str], tuple[str, str]] = {}
        self.template: ChoiceField[str] = ChoiceField(self.tr("Message"), [])
        self.language: ChoiceField[str] = ChoiceField(self.tr("Language"), list(LANGUAGES.items()))
        self.subject = Field(self.tr("Subject of the e-mail"), max_length=120)
        self.text = TextField(self.tr("Text"), rows=5)
        self.placeholders = label("", TextRole.MUTED, wraps=True)
        self.example = label("", wraps=True)
        self.notice = Notice()
        self.reset_button = SecondaryButton(self.tr("Shipped wording"), icon_name="restore")
        self.button = PrimaryButton(
            self.tr("Store wording"), key="Ctrl+Enter", icon_name="content-save-outline"
        )
        self._lay_out()
        self._connect()
        self._show_buttons()

    def primary(self) -> None:
        """Ctrl+Enter: stores what is written."""
        if self._shown not in self._typed:
            # Stored unchanged, the shipped wording would turn into the clinic's own.
            return
        name, language = self._shown
        for field in (self.subject, self.text):
            if not field.text().strip():
                field.set_error(self.tr("This must not be empty."))
                return
        self.state.store(
            SetTemplate(name=name, language=language, subject=self.subject.text(), text=self.text.text())
        )

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return bool(self._typed)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _on_came(self, templates: Templates) -> None:
        self._rows = {(row.name, row.language): row for row in templates.rows}
        titles = {row.name: row.title for row in templates.rows}
        self.template.set_choices(list(titles.items()))
        if self._shown is None and titles:
            self.template.set_value(next(iter(titles)))
            self.language.set_value(FALLBACK)
        if self._shown not in self._typed:
            self._show()
        self._show_buttons()

    def _on_failed(self, fault: Fault) -> None:
        self.notice.say(Kind.WARNING, self.tr("The wording could not be fetched"), fault.message)

    def _on_chosen(self) -> None:
        self.notice.take_back()
        self._show()
        self._show_buttons()

    def _on_edited(self) -> None:
        if self._shown is None:
            return
        self._typed[self._shown] = (self.subject.text(), self.text.text())
        self.notice.take_back()
        self._show_unstored()
        self._show_buttons()

    def _on_stored(self, row: TemplateRow) -> None:
        self._typed.pop((row.name, row.language), None)
        self.notice.say(Kind.OK, self.tr("The wording is stored."))

    def _on_reset(self) -> None:
        self.notice.say(Kind.OK, self.tr("The clinic's own wording is taken back."))

    def _on_refused(self, fault: Fault) -> None:
        fields: dict[str, FieldFrame[Any]] = {"subject": self.subject, "text": self.text}
        field = fields.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, self.tr("The wording is not stored"), fault.message)

    def _show(self) -> None:
        name, language = self.template.value(), self.language.value()
        if name is None or language is None:
            return
        self._shown = (name, language)
        row = self._rows.get((name, language))
        pattern = row or self._rows.get((name, FALLBACK))
        if pattern is None:
            return
        subject, text = self._typed.get(self._shown, (pattern.subject, pattern.text))
        self.subject.set_text(subject)
        self.text.set_text(text)
        self._show_placeholders(pattern)
        if self._shown in self._typed:
            self._show_unstored()
        else:
            self._show_example(row, language)

    def _show_placeholders(self, row: TemplateRow) -> None:
        said = [
            f"{{{each.name}}} {each.meaning}" + (" *" if each.required else "") for each in row.placeholders
        ]
        self.placeholders.setText(self.tr("What can be filled in: {all}").format(all=" · ".join(said)))

    def _show_unstored(self) -> None:
        self.example.setText(self.tr("Not stored yet. Store it to see it as a patient would read it."))

    def _show_example(self, row: TemplateRow | None, language: str) -> None:
        if row is None:
            words = self.tr("There are no words in {language} yet: the clinic's language is sent instead.")
            self.example.setText(words.format(language=LANGUAGES[language]))
            return
        count = self.tr("1 SMS") if row.segments == 1 else self.tr("{n} SMS").format(n=row.segments)
        self.example.setText(f"“{row.example}” ({count})")

    def _show_buttons(self) -> None:
        row = self._rows.get(self._shown) if self._shown else None
        self.reset_button.setEnabled(row is not None and row.own)
        # A language of the clinic's own has nothing shipped to go back to.
        shipped = row is None or row.shipped
        self.reset_button.set_words(self.tr("Shipped wording") if shipped else self.tr("Drop this language"))
        self.button.setEnabled(self._shown in self._typed)

    def _go_back(self) -> None:
        if self._shown is not None:
            name, language = self._shown
            self._typed.pop(self._shown, None)
            self.state.go_back(name=name, language=language)

    def _connect(self) -> None:
        state = self.state
        state.came.connect(self._on_came)
        state.failed.connect(self._on_failed)
        state.stored.connect(self._on_stored)
        state.reset.connect(self._on_reset)
        state.refused.connect(self._on_refused)
        self.template.chosen.connect(self._on_chosen)
        self.language.chosen.connect(self._on_chosen)
        self.subject.edited.connect(self._on_edited)
        self.text.edited.connect(self._on_edited)
        self.reset_button.clicked.connect(self._go_back)
        self.button.clicked.connect(self.primary)

    def _lay_out(self) -> None:
        card = Card(self.tr("Wording"))
        choices = QHBoxLayout()
        choices.setSpacing(Space.S)
        choices.addWidget(self.template, 3)
        choices.addWidget(self.language, 2)
        card.add(choices)
        card.add(self.subject)
        card.add(self.text, stretch=1)
        card.add(self.placeholders)
        card.add(label(self.tr("As a patient reads it"), TextRole.LABEL))
        card.add(self.example)
        card.add(
            label(
                self.tr("No diagnosis, medicine or test: others may read the phone."),
                TextRole.MUTED,
                wraps=True,
            )
        )
        card.add(self.notice)
        buttons = QHBoxLayout()
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        buttons.addWidget(self.button)
        card.add(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        self.setFocusProxy(self.template)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
