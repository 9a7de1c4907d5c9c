"""One question or answer of a conversation, with its sources and what can be done about it."""

from collections.abc import Callable
from datetime import tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.assistant.attachment.panel import AttachmentCard
from hms_desktop.assistant.words import breakable, state_words
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import Pill, TextRole, label, restyle
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.assistant import AnswerState, Message, Source
from hms_server.contract.suggestions import Attachment

REPEATABLE = frozenset({AnswerState.STOPPED, AnswerState.BROKEN_OFF, AnswerState.FAILED, AnswerState.DROPPED})


class MessageCard(QFrame):
    """Plain text only: an answer may contain any sign and is never read as HTML or Markdown."""

    stop_wanted = Signal()
    again_wanted = Signal(object)
    """A `MessageId`, as the following signals have it."""
    wait_wanted = Signal(object)
    drop_wanted = Signal(object)
    sent_wanted = Signal(object)
    source_opened = Signal(object)
    """A `Source` of a patient's record or of the manual."""
    attachment_opened = Signal(object)
    """An `Attachment` that has a form."""

    def __init__(self, message: Message, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self.message = message
        self._who = label("", TextRole.LABEL)
        self._pill = Pill("", kind=Kind.NEUTRAL)
        self._text = label("", wraps=True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._doing = label("", TextRole.MUTED, wraps=True)
        self._note = label("", TextRole.MUTED, wraps=True)
        self._extras = QVBoxLayout()
        self._extras.setSpacing(Space.XS)
        self._shown: tuple[object, ...] = ()
        # A long answer is read in ink on white; a question stands out by its ground.
        self.setObjectName("notice" if message.by else "card")
        restyle(self, "kind", Kind.NEUTRAL.value)
        self._lay_out()
        self.show_message(message)

    def text(self) -> str:
        """What was asked or answered."""
        return self.message.text

    def buttons(self) -> list[SecondaryButton]:
        """What can be pressed at this message."""
        return [one for one in self.findChildren(SecondaryButton) if one.isVisibleTo(self)]

    def show_message(self, message: Message) -> None:
        """Draws the message as it is now; while it grows, only its text changes."""
        self.message = message
        self._text.setText(breakable(message.text))
        self._text.setHidden(not message.text)
        self._doing.setText(message.doing)
        self._doing.setHidden(not message.doing)
        self._note.setText(message.note)
        self._note.setHidden(not message.note)
        self._who.setText(self._heading(message))
        words, kind = state_words(message.state) if message.state else ("", Kind.NEUTRAL)
        self._pill.set(words, kind)
        extras = (message.state, message.sources, message.attachments, message.used, message.sent_rounds > 0)
        if extras != self._shown:
            self._shown = extras
            self._draw_extras(message)

    def _heading(self, message: Message) -> str:
        who = message.by.name if message.by else self.tr("Assistant")
        if message.from_cache:
            who = self.tr("{who} · answered before").format(who=who)
        return f"{who} · {time_text(message.at, self._zone)}"

    def _draw_extras(self, message: Message) -> None:
        while (item := self._extras.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if message.used:
            words = " · ".join(one.words for one in message.used)
            self._extras.addWidget(label(words, TextRole.MUTED, wraps=True))
        for source in message.sources:
            self._extras.addWidget(self._source_button(source))
        for attachment in message.attachments:
            self._extras.addWidget(self._card_of(attachment))
        self._extras.addWidget(self._acts(message))

    def _source_button(self, source: Source) -> QWidget:
        words = f"[{source.mark}] {source.label}"
        if source.patient_id is None and source.kind != "manual":
            return label(words, TextRole.MUTED, wraps=True)
        button = SecondaryButton(words, icon_name="link-variant")
        button.clicked.connect(lambda: self.source_opened.emit(source))
        return button

    def _card_of(self, attachment: Attachment) -> QWidget:
        card = AttachmentCard(attachment, zone=self._zone)
        card.opened.connect(self.attachment_opened)
        return card

    def _acts(self, message: Message) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.XS)

        def add(words: str, do: Callable[[], object]) -> None:
            button = SecondaryButton(words)
            button.clicked.connect(lambda _checked=False: do())
            line.addWidget(button)

        number = message.id
        if message.state in (AnswerState.WAITING, AnswerState.WRITING):
            add(self.tr("Stop"), self.stop_wanted.emit)
        if message.state in REPEATABLE:
            add(self.tr("Ask again"), lambda: self.again_wanted.emit(number))
        if message.state is AnswerState.UNSENT:
            add(self.tr("Let it wait"), lambda: self.wait_wanted.emit(number))
        if message.state in (AnswerState.UNSENT, AnswerState.PARKED):
            add(self.tr("Take it back"), lambda: self.drop_wanted.emit(number))
        if message.sent_rounds:
            add(self.tr("What was sent"), lambda: self.sent_wanted.emit(number))
        line.addStretch(1)
        return row

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(self._who, 1)
        top.addWidget(self._pill)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(top)
        for part in (self._text, self._doing, self._note):
            column.addWidget(part)
        column.addLayout(self._extras)
