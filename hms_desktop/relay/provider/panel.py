"""One provider's form, built from its fields; a secret goes in here and never comes out."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from hms_desktop.relay.words import mode_of, mode_word, secret_text
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import since_text
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import ProviderField, ProviderRow, SetProvider

COLUMNS = 2
LONGEST_SECRET = 500


class SecretField(Field):
    """Takes a secret, which can be replaced or taken away but not read; keeps no draft and no history."""

    def __init__(self, field: ProviderField, parent: QWidget | None = None) -> None:
        super().__init__(
            field.title,
            hint=field.hint,
            required=field.required,
            max_length=LONGEST_SECRET,
            parent=parent,
        )
        # Qt copies nothing out of such a field, learns no words from it, and keeps no way back to it.
        self.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.remove_button = SecondaryButton(self.tr("Take away"))
        self.remove_button.setAccessibleName(self.tr("Take away: {title}").format(title=field.title))
        self.remove_button.setCheckable(True)
        self.remove_button.toggled.connect(self._on_toggled)
        self._beside.addWidget(self.remove_button)
        self._advice = field.hint
        self._stored = ""
        self.is_stored = False
        self.edited.connect(self._show_mode)

    def show_stored(self, words: str, *, is_stored: bool) -> None:
        """Says what is stored, in words that give nothing away."""
        self._stored = words
        self.is_stored = is_stored
        self._show_button()

    def given(self) -> str | None:
        """What is to be stored: a new secret, an empty one to take it away, None to leave it as it is."""
        if self.remove_button.isChecked():
            return ""
        return self.text() or None

    def forget(self) -> None:
        """What was typed is gone, also from the editor's memory."""
        self.set_text("")
        self.remove_button.setChecked(False)
        self._show_mode(self.text())
        self._show_button()

    def _on_toggled(self, _checked: bool) -> None:  # noqa: FBT001 - a slot
        if self.remove_button.isChecked():
            self.set_text("")
        self._show_button()
        self.edited.emit(self.text())

    def _show_button(self) -> None:
        leaving = self.remove_button.isChecked()
        self.editor.setEnabled(not leaving)
        self.editor.setPlaceholderText(self.tr("Will be taken away") if leaving else self._stored)
        self.remove_button.setEnabled(self.is_stored or leaving)

    def _show_mode(self, text: str) -> None:
        is_test = mode_of(text)
        # Where the key itself says what it is, nobody needs to be told where keys are found.
        self.set_hint(self._advice if is_test is None else "")
        match is_test:
            case True:
                self.set_pill(self.tr("Test key: no real money moves"), Kind.WARNING)
            case False:
                self.set_pill(self.tr("Live key: real money moves"), Kind.OK)
            case None:
                self.set_pill("")


class ProviderCard(QWidget):
    """What is typed stays until it is stored or taken back, whatever arrives from the server meanwhile."""

    store_requested = Signal(object)
    """A `SetProvider`."""
    edited = Signal()
    """Whether anything is typed that is not stored may have changed."""

    def __init__(
        self,
        row: ProviderRow,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._row = row
        self._clock = clock
        self._zone = zone
        self._storing = False
        self._asked = False
        self.plain = {field.name: _plain(field) for field in row.fields if not field.secret}
        self.secrets = {field.name: SecretField(field) for field in row.fields if field.secret}
        self.on_button = SecondaryButton(self.tr("On"), icon_name="check")
        self.off_button = SecondaryButton(self.tr("Off"), icon_name="power")
        self.notice = Notice()
        self._pill = Pill()
        self._changed = label("", TextRole.MUTED)
        self.back_button = SecondaryButton(self.tr("Take back"), icon_name="undo")
        self.store_button = PrimaryButton(self.tr("Store"), key="Ctrl+Enter", icon_name="check")
        self._lay_out()
        self._connect()
        self._fill()

    @property
    def row(self) -> ProviderRow:
        """The provider as the server has it."""
        return self._row

    def is_edited(self) -> bool:
        """Whether something is typed or switched that is not stored."""
        if (
            self._request_of_fields() != self._stored_fields()
            or self.on_button.isChecked() != self._row.enabled
        ):
            return True
        return any(field.given() is not None for field in self.secrets.values())

    def take_focus(self) -> None:
        """The focus goes to the first field."""
        first = next(iter(self._fields()), None)
        (first or self.on_button).setFocus(Qt.FocusReason.OtherFocusReason)

    def primary(self) -> None:
        """Ctrl+Enter: stores the form; where that would turn play into real money or back, asks once."""
        if self._storing or not self.is_edited():
            return
        warning = self._warning()
        if warning and not self._asked:
            self._asked = True
            actions = [Action(self.tr("Store"), self.primary), Action(self.tr("Wait"), self._stay, key="Esc")]
            sentence = self.tr("Press Ctrl+Enter again to store it.")
            self.notice.say(Kind.WARNING, warning, sentence, actions=actions)
            return
        self._stay()
        self._set_storing(storing=True)
        given = {name: field.given() for name, field in self.secrets.items()}
        self.store_requested.emit(
            SetProvider(
                name=self._row.name,
                settings=self._request_of_fields(),
                secrets={name: value for name, value in given.items() if value is not None},
                enabled=self.on_button.isChecked(),
            )
        )

    def show_row(self, row: ProviderRow) -> None:
        """The server has this now: it appears in every field that the person has not touched."""
        before, self._row = self._row, row
        if not self._storing:
            for name, field in self.plain.items():
                old, new = before.settings.get(name, ""), row.settings.get(name, "")
                if old != new and field.text() == old:
                    field.set_text(new)
            if self.on_button.isChecked() == before.enabled:
                self._switch(on=row.enabled)
        self._show_state()

    def show_stored(self, row: ProviderRow) -> None:
        """It is stored; the secrets that were typed are gone from here."""
        self._row = row
        self._set_storing(storing=False)
        self._fill()
        self.notice.say(Kind.OK, self._stored_sentence())

    def show_refused(self, fault: Fault) -> None:
        """It is not stored; what was typed stays, with the sentence at the field that it is about."""
        self._set_storing(storing=False)
        name = (fault.field or "").rpartition(".")[2]
        field: Field | None = self.plain.get(name) or self.secrets.get(name)
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _lay_out(self) -> None:
        card = Card(self._row.title)
        card.add_to_heading(self._changed)
        card.add_to_heading(self._pill)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.S)
        for number, field in enumerate(self._fields()):
            grid.addWidget(field, number // COLUMNS, number % COLUMNS)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        card.add(grid)
        card.add(self._switch_row())
        card.add(self.notice)
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(self.store_button)
        card.add(row)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.addWidget(card)
        column_.addStretch(1)

    def _switch_row(self) -> QHBoxLayout:
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        words = label(self.tr("Use {title}:").format(title=self._row.title), TextRole.LABEL)
        row.addWidget(words)
        for button in (self.on_button, self.off_button):
            button.setCheckable(True)
            button.setAccessibleDescription(words.text())
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _switch(self, *, on: bool) -> None:
        (self.on_button if on else self.off_button).setChecked(True)

    def _fields(self) -> list[Field]:
        """In the order in which the provider names them."""
        made: dict[str, Field] = {**self.plain, **self.secrets}
        return [made[field.name] for field in self._row.fields]

    def _connect(self) -> None:
        for field in self._fields():
            field.edited.connect(self._on_edited)
        self.on_button.toggled.connect(self._on_edited)
        self.back_button.clicked.connect(self._take_back)
        self.store_button.clicked.connect(self.primary)

    def _fill(self) -> None:
        """Shows what is stored in place of what is typed."""
        for name, field in self.plain.items():
            field.set_text(self._row.settings.get(name, ""))
        for secret in self.secrets.values():
            secret.clear_error()
            secret.forget()
        self._switch(on=self._row.enabled)
        self._show_state()

    def _show_state(self) -> None:
        self._pill.set(*mode_word(self._row))
        self._changed.setText(self._changed_words())
        for name, field in self.secrets.items():
            field.show_stored(secret_text(self._row, name), is_stored=name in self._row.secrets_set)
        self._show_buttons()

    def _changed_words(self) -> str:
        changed = self._row.changed
        if changed is None:
            return self.tr("Never entered")
        time = since_text(changed.at, zone=self._zone, now=self._clock())
        if changed.by is None:
            return self.tr("Entered {time}").format(time=time)
        return self.tr("Entered {time} by {name}").format(time=time, name=changed.by.name)

    def _show_buttons(self) -> None:
        edited = self.is_edited() and not self._storing
        self.store_button.setEnabled(edited)
        self.back_button.setEnabled(edited)

    def _on_edited(self, *_: object) -> None:
        # Another key is another question.
        self._stay()
        if self.notice.text() and not self._storing:
            self.notice.take_back()
        self._show_buttons()
        self.edited.emit()

    def _take_back(self) -> None:
        self._stay()
        self.notice.take_back()
        self._fill()
        self.edited.emit()
        self.take_focus()

    def _stay(self) -> None:
        if self._asked:
            self._asked = False
            self.notice.take_back()

    def _set_storing(self, *, storing: bool) -> None:
        self._storing = storing
        # What is on its way is what stands here: nothing can be typed over it that would then be lost.
        for field in self._fields():
            field.editor.setReadOnly(storing)
        for secret in self.secrets.values():
            secret.remove_button.setEnabled(not storing and secret.is_stored)
        for button in (self.on_button, self.off_button):
            button.setEnabled(not storing)
        self._show_buttons()

    def _warning(self) -> str:
        """What is at stake where a key of the other kind is entered, empty where nothing is."""
        modes = [mode_of(field.text()) for field in self.secrets.values() if field.text()]
        is_test = next((mode for mode in modes if mode is not None), None)
        has_key = bool(self._row.secrets_set)
        if not self.on_button.isChecked() or is_test is None:
            return ""
        if not is_test and (not has_key or self._row.test_mode):
            return self.tr("This is a live key: from now on real money moves.")
        if is_test and has_key and not self._row.test_mode:
            return self.tr("This is a test key: from now on nobody really pays, and no real money arrives.")
        return ""

    def _stored_sentence(self) -> str:
        changed = self._row.changed
        time = changed.at.astimezone(self._zone).strftime("%H:%M:%S") if changed else ""
        return " ".join((self.tr("Stored {time}.").format(time=time), self._consequence()))

    def _consequence(self) -> str:
        if not self._row.enabled:
            return self.tr("{title} is switched off: nothing is sent there.").format(title=self._row.title)
        if self._row.test_mode:
            return self.tr("Test mode: no real money moves.")
        return self.tr("It is used from now on.")

    def _request_of_fields(self) -> dict[str, str]:
        return {name: field.text() for name, field in self.plain.items()}

    def _stored_fields(self) -> dict[str, str]:
        return {name: self._row.settings.get(name, "") for name in self.plain}


def _plain(field: ProviderField) -> Field:
    return Field(field.title, hint=field.hint, placeholder=field.default, required=field.required)
