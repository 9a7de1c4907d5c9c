"""One online payment while it is watched: the code to scan, the link, the account, and where it stands."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from hms_desktop.paystack.qr.panel import QrCode
from hms_desktop.paystack.words import (
    MAY_COME,
    channel_word,
    is_waiting,
    next_sentence,
    state_text,
    state_word,
)
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import since_text
from hms_server.contract.money import format_money
from hms_server.contract.paystack import OnlinePayment, OnlineState


class PaymentWatch(QWidget):
    """Draws a payment and emits what the person wants done with it."""

    check_wanted = Signal(str)
    cancel_wanted = Signal(str)
    code_given = Signal(str, str)
    """The reference, and the code that the payer was sent."""
    slip_wanted = Signal(object)
    """The `OnlinePayment` whose code and link are to be printed."""

    def __init__(self, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self.payment: OnlinePayment | None = None
        self.qr = QrCode()
        self._amount = label("", TextRole.TITLE)
        self.pill = Pill()
        self._sentence = label("", TextRole.STRONG, wraps=True)
        self._account = label("", TextRole.TITLE, wraps=True)
        self._link = label("", TextRole.MUTED, wraps=True)
        self._why = label("", TextRole.ERROR, wraps=True)
        self._reference = label("", TextRole.MUTED, wraps=True)
        for each in (self._account, self._link, self._reference):
            each.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.code = Field(self.tr("Code that the payer was sent"), max_length=12)
        self.copy_button = SecondaryButton(self.tr("Copy"), key="Ctrl+L")
        self.slip_button = SecondaryButton(self.tr("Slip"), key="Ctrl+S")
        self.check_button = SecondaryButton(self.tr("Check"), key="Ctrl+U")
        self.cancel_button = SecondaryButton(self.tr("Stop waiting"), key="Ctrl+D")
        self._lay_out()
        self.copy_button.clicked.connect(self._copy)
        self.slip_button.clicked.connect(lambda: self.slip_wanted.emit(self.payment))
        self.check_button.clicked.connect(lambda: self._emit(self.check_wanted))
        self.cancel_button.clicked.connect(lambda: self._emit(self.cancel_wanted))

    def show_payment(self, payment: OnlinePayment) -> None:
        """Shows this one as it stands; a code that is being typed stays while it is the same payment."""
        if self.payment is None or self.payment.reference != payment.reference:
            self.code.set_text("")
        self.payment = payment
        waits = is_waiting(payment)
        scans = waits and payment.state is not OnlineState.REQUESTED and bool(payment.url)
        self.qr.set_text(payment.url if scans else "")
        self.qr.setVisible(scans)
        self._amount.setText(format_money(payment.amount))
        self.pill.set(state_text(payment, zone=self._zone, now=self._clock()), state_word(payment)[1])
        self._sentence.setText(next_sentence(payment))
        self._show(self._account, self._account_words(payment) if waits else "")
        self._show(self._link, payment.url if scans else "")
        self._show(self._why, payment.why)
        words = self.tr("{way} · {reference}\nAsked for by {name} at {time}")
        self._reference.setText(
            words.format(
                way=channel_word(payment.channel),
                reference=payment.reference,
                name=payment.started_by.name,
                time=self._when(payment.started_at),
            )
        )
        self.code.setVisible(payment.wants_code)
        for button in (self.copy_button, self.slip_button):
            button.setVisible(scans)
        self.check_button.setVisible(payment.state in MAY_COME or payment.state is OnlineState.ABANDONED)
        self.cancel_button.setVisible(payment.state in MAY_COME)

    def primary_words(self) -> str:
        """What Ctrl+Enter does with it; only a code that the payer was sent has to be given here."""
        return self.tr("Send the code") if self.payment is not None and self.payment.wants_code else ""

    def primary(self) -> None:
        """Passes the code on."""
        if self.payment is None or not self.payment.wants_code:
            return
        if not self.code.text():
            self.code.set_error(self.tr("Type the code as the payer received it."))
            return
        self.code_given.emit(self.payment.reference, self.code.text())

    def _account_words(self, payment: OnlinePayment) -> str:
        account = payment.account
        if account is None:
            return ""
        words = f"{account.bank} · {_spaced(account.account_number)}\n{account.account_name}"
        if account.expires_at is not None:
            until = self.tr("until {time}").format(time=self._when(account.expires_at))
            words = f"{words} · {until}"
        return words

    def _when(self, moment: datetime) -> str:
        return since_text(moment, zone=self._zone, now=self._clock())

    def _copy(self) -> None:
        if self.payment is not None and self.payment.url:
            QGuiApplication.clipboard().setText(self.payment.url)
            self._sentence.setText(self.tr("The link is copied. It can be pasted into a message."))

    def _emit(self, signal: SignalInstance) -> None:
        if self.payment is not None:
            signal.emit(self.payment.reference)

    @staticmethod
    def _show(words: QLabel, text: str) -> None:
        words.setText(text)
        words.setHidden(not text)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        top.addWidget(self._amount)
        top.addWidget(self.pill)
        top.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addLayout(top)
        for each in (self._sentence, self._account, self._why, self._link, self._reference, self.code):
            words.addWidget(each)
        words.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.XS)
        for button in (self.copy_button, self.slip_button, self.check_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(row, 1)
        column.addLayout(buttons)


def _spaced(number: str) -> str:
    """In groups, so that it can be read out."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
