"""The page that asks what this workstation is for."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from hms_desktop.first_start.chosen import Chosen
from hms_desktop.first_start.panel import StepPage
from hms_desktop.first_start.rules import Guess, rooms_for
from hms_desktop.first_start.words import place_sentence, place_word
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Action
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.workplace import Place, Workplace
from hms_server.contract.accounts import Room

ROW = 34


class PlacePage(StepPage):
    """A list of places; below it the room, or for a screen on the wall the account that it signs in with."""

    chosen = Signal(object)
    """A `Chosen`."""
    retried = Signal()
    """The person wants the rooms fetched again."""

    def __init__(self, *, is_first: bool, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("1 of 3 · What is this workplace?"))
        self.sentence.setText(
            self.tr("Everybody may still sign in everywhere: it only decides what comes first here.")
        )
        if key:
            self.card.add_to_heading(Pill(self.tr("Key {key}").format(key=key), kind=Kind.NEUTRAL))
        self.back_button.set_words(self.tr("Not now") if is_first else self.tr("Cancel"))
        self.next_button.set_words(self.tr("Next"))
        self._rooms: list[Room] = []
        self._is_touched = False
        self._kept = Workplace()
        model = RowsModel(self._columns(), key=lambda place: place, parent=self)
        self.table: TableView[Place] = TableView(model, name=self.tr("What is this workplace?"))
        model.replace(list(Place))
        self.room: ChoiceField[str] = ChoiceField(self.tr("Room"), [])
        self.room.chosen.connect(lambda _room: self._touch())
        self.table.installEventFilter(self)
        self.account_words = label("", TextRole.MUTED, wraps=True)
        self.user = Field(self.tr("User name"), max_length=100)
        self.password = Field(self.tr("Password"), max_length=200)
        self.password.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self._fill()
        self.table.chosen.connect(self._on_place)
        self.table.opened.connect(lambda _place: self._go_on())
        self.user.editor.returnPressed.connect(self.password.editor.setFocus)
        self.password.editor.returnPressed.connect(self.next_button.click)
        self.next_requested.connect(self._submit)

    def start(self, workplace: Workplace, guess: Guess) -> None:
        """Shows what was kept, else what the name of the workstation suggests."""
        self._kept = workplace
        self.table.choose(workplace.place or guess.place or Place.FRONT_DESK)
        self._on_place(self.table.chosen_row())
        self.room.set_value(workplace.room if workplace.place else guess.room)
        self.user.set_text(workplace.account.user_name if workplace.account else "")
        self.password.set_text("")
        self.notice.take_back()

    def show_rooms(self, rooms: Sequence[Room], guess: Guess) -> None:
        """The clinic's rooms have come; what was chosen meanwhile stays."""
        self._rooms = list(rooms)
        before = self.room.value() or (self._kept.room if self._kept.place else guess.room)
        self._on_place(self.table.chosen_row())
        if before:
            self.room.set_value(before)
        self.notice.take_back()

    def prefer(self, guess: Guess) -> None:
        """The name of the workstation suggests this, now that the rooms are known; typing goes before it."""
        if guess.place is not None and not self._is_touched:
            self.table.choose(guess.place)
            self.room.set_value(guess.room)

    def show_no_rooms(self, sentence: str) -> None:
        """The rooms could not be fetched; a place can be chosen without one."""
        title = self.tr("The rooms are not known yet.")
        self.notice.say(
            Kind.WARNING, title, sentence, actions=[Action(self.tr("Try again"), self.retried.emit, key="F5")]
        )

    def show_refusal(self, sentence: str, *, field: str | None = None) -> None:
        """Says why this account cannot be used, at its field where there is one."""
        self.set_ready(self.next_button)
        where = {"user_name": self.user, "password": self.password}.get(field or "")
        if where is None:
            self.notice.say(Kind.DANGER, sentence)
        else:
            where.set_error(sentence)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.table and event.type() in (QEvent.Type.KeyPress, QEvent.Type.FocusOut):
            self._touch()
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _touch(self) -> None:
        self._is_touched = True

    def _columns(self) -> list[Column[Place]]:
        return [
            Column(title=self.tr("Place"), text=place_word, strong=True),
            Column(title=self.tr("What comes first there"), text=place_sentence, stretch=1),
        ]

    def _fill(self) -> None:
        self.table.setFixedHeight(current_tokens().px(ROW) * (len(Place) + 1))
        self.card.add(self.table)
        self.card.add(self.room)
        self.card.add(self.account_words)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.user)
        row.addWidget(self.password)
        self.card.add(row)
        self.finish_card()

    def _on_place(self, place: Place | None) -> None:
        rooms = rooms_for(place, self._rooms) if place else []
        wants_account = place is not None and place.is_unattended
        # A screen is neither asked for printers nor for a scanner: it begins at once.
        self.next_button.set_words(self.tr("Done") if wants_account else self.tr("Next"))
        self.room.setHidden(wants_account or place is Place.ADMINISTRATION)
        self.room.set_choices([("", self.tr("No fixed room")), *((room.name, room.name) for room in rooms)])
        if self.room.value() is None:
            self.room.set_value("")
        for part in (self.account_words, self.user, self.password):
            part.setHidden(not wants_account)
        if place is not None and wants_account:
            self.account_words.setText(self._account_sentence(place))

    def _account_sentence(self, place: Place) -> str:
        kept = self._kept
        if kept.account is not None and kept.place is place:
            return self.tr("It signs in as “{name}”. Type a password only to change that.").format(
                name=kept.account.user_name
            )
        sentence = self.tr(
            "With what the screen signs in: a person with the role {role} and no other. With an "
            "administrator's name and password such a person is added now, for this screen."
        )
        role = self.tr("Display") if place is Place.DISPLAY else self.tr("Kiosk")
        return sentence.format(role=role)

    def _go_on(self) -> None:
        if not self.user.isHidden():
            self.user.editor.setFocus(Qt.FocusReason.TabFocusReason)
        elif not self.room.isHidden():
            self.room.editor.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.next_button.click()

    def _submit(self) -> None:
        place = self.table.chosen_row()
        if place is None:
            self.notice.say(Kind.WARNING, self.tr("Choose a place in the list."))
            return
        self.notice.take_back()
        typed = Chosen(
            place=place,
            room=self.room.value() or "",
            user_name=self.user.text(),
            password=self.password.editor.text(),
        )
        if place.is_unattended and not self._is_complete(typed):
            return
        self.chosen.emit(typed)

    def _is_complete(self, typed: Chosen) -> bool:
        """Whether the account is there; a kept one need not be typed again."""
        kept = self._kept
        is_kept = kept.account is not None and kept.place is typed.place
        if is_kept and kept.account is not None and typed.user_name == kept.account.user_name:
            return True
        if not typed.user_name:
            self.user.set_error(self.tr("Type the name with which this screen signs in."))
        elif not typed.password:
            self.password.set_error(self.tr("Type its password."))
        return bool(typed.user_name and typed.password)
