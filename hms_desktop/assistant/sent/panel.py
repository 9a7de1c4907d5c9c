"""Exactly what left the clinic for an answer, and what stands behind its pseudonyms."""

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.assistant import GetSent, MessageId, Sent
from hms_server.contract.envelope import Fault


class SentPage(QWidget):
    """Shown byte for byte; the names behind the pseudonyms stand below it and have not left."""

    left = Signal()

    def __init__(self, desk: AssistantDesk, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._zone = zone
        self._message_id = MessageId(0)
        self._round = 0
        self._head = label("", TextRole.LABEL, wraps=True)
        self.body = QPlainTextEdit(readOnly=True)
        self.body.setAccessibleName(self.tr("What was sent"))
        self.replaced = label("", TextRole.MUTED, wraps=True)
        self.earlier = SecondaryButton(self.tr("Earlier"))
        self.later = SecondaryButton(self.tr("Later"))
        self.back = SecondaryButton(self.tr("Back"), icon_name="arrow-left")
        self._lay_out()
        self.back.clicked.connect(self.left)
        self.earlier.clicked.connect(lambda: self._fetch(self._round - 1))
        self.later.clicked.connect(lambda: self._fetch(self._round + 1))

    def open(self, message_id: MessageId) -> None:
        """Fetches what was sent last for that answer."""
        self._message_id = message_id
        self.body.setPlainText("")
        self._fetch(0)

    def _fetch(self, number: int) -> None:
        request = GetSent(message_id=self._message_id, round=number)
        self._desk.run(request, done=self._show, failed=self._on_failed, owner=self)

    def _show(self, sent: Sent) -> None:
        self._round = sent.round
        words = self.tr("Sent at {time} to {address}, {round} of {rounds}")
        self._head.setText(
            words.format(
                time=time_text(sent.at, self._zone),
                address=sent.address,
                round=sent.round,
                rounds=sent.rounds,
            )
        )
        self.body.setPlainText(sent.body)
        behind = "\n".join(f"{hidden} = {real}" for hidden, real in sent.replaced.items())
        self.replaced.setText(self.tr("These have not left:") + "\n" + behind if behind else "")
        self.earlier.setEnabled(sent.round > 1)
        self.later.setEnabled(sent.round < sent.rounds)

    def _on_failed(self, fault: Fault) -> None:
        self._head.setText(fault.message)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for button in (self.back, self.earlier, self.later):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._head)
        column.addWidget(self.body, 1)
        column.addWidget(self.replaced)
        column.addLayout(row)
