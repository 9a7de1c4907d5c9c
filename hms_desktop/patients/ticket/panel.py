"""The last ticket that this desk issued, large enough to be read across the counter."""

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.queue_words import rank_word
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.visits import TicketRow


class TicketCard(Card):
    """Says whose ticket it is and what became of its label."""

    print_again = Signal()

    def __init__(self, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._zone = zone
        self._code = label("", TextRole.SCORE)
        self._who = label(self.tr("No ticket issued yet"), TextRole.STRONG, wraps=True)
        self._about = label(
            self.tr("The ticket of the next check-in stands here."), TextRole.MUTED, wraps=True
        )
        self._label = label("", TextRole.MUTED, wraps=True)
        self.button = SecondaryButton(self.tr("Print again"), key="F3", icon_name="printer-outline")
        self.button.clicked.connect(self.print_again)
        self._code.hide()
        self._label.hide()
        self.button.hide()
        self._lay_out()

    def show_ticket(self, ticket: TicketRow, *, service_name: str) -> None:
        """Shows the ticket that was just issued; its label is on the way."""
        self._code.setText(ticket.code)
        self._code.setVisible(True)
        self._who.setText(ticket.patient.name)
        since = self.tr("{time} · {service} · {rank}").format(
            time=time_text(ticket.queued_at, self._zone), service=service_name, rank=rank_word(ticket)
        )
        self._about.setText(since)
        self.button.setVisible(True)
        self.show_label(self.tr("Printing the label…"))
        self.setAccessibleName(f"{ticket.code}, {ticket.patient.name}, {since}")

    def show_label(self, sentence: str) -> None:
        """What became of the label."""
        self._label.setText(sentence)
        self._label.setVisible(bool(sentence))

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch()
        words.addWidget(self._who)
        words.addWidget(self._about)
        words.addStretch()
        row = QHBoxLayout()
        row.setSpacing(Space.L)
        row.addWidget(self._code)
        row.addLayout(words, 1)
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self._label, 1)
        below.addWidget(self.button)
        self.add(row)
        self.add(below)
