"""Asking for an online payment: the amount, and what the chosen way needs to know of the payer."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.paystack.table import card_columns
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.money_field import MoneyField
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space, current_tokens
from hms_server.contract.billing import Invoice
from hms_server.contract.money import format_money
from hms_server.contract.paystack import (
    ChargeSaved,
    MobileProvider,
    OnlineChannel,
    SavedAuthorization,
    SendBy,
    StartOnlinePayment,
)
from hms_server.contract.values import Money, TicketId

CARDS_HEIGHT = 108


class AskForm(QWidget):
    """One form for each way; what was typed for another way stays in its own fields."""

    edited = Signal()
    forgotten = Signal(object)
    """The `SavedAuthorization` that the patient wants to have forgotten."""

    def __init__(self, *, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.channel = OnlineChannel.CHECKOUT
        self.is_edited = False
        self._words = label("", TextRole.STRONG, wraps=True)
        self.amount = MoneyField(self.tr("To pay online"), currency=currency)
        self.send_to = Field(
            self.tr("Send the link to"),
            placeholder=self.tr("Phone or e-mail, if wished"),
            max_length=120,
        )
        self.keep: ChoiceField[bool] = ChoiceField(
            self.tr("Keep the card for later payments"),
            [(False, self.tr("No")), (True, self.tr("Yes, the patient agrees"))],
        )
        self.wallet: ChoiceField[str] = ChoiceField(self.tr("Mobile money of"), [], required=True)
        self.phone = Field(self.tr("Phone of the wallet"), required=True, max_length=20)
        self._model: RowsModel[SavedAuthorization] = RowsModel(
            card_columns(), key=lambda row: row.id, parent=self
        )
        self.cards: TableView[SavedAuthorization] = TableView(self._model, name=self.tr("Saved cards"))
        self._cards = ListState(self.cards, empty=self.tr("This patient has no saved card"))
        self.forget_button = SecondaryButton(self.tr("Forget this card"), key="Ctrl+Del")
        self._pages = QStackedWidget()
        self._places: dict[OnlineChannel, QWidget] = {}
        self._lay_out()
        self.forget_button.clicked.connect(self._forget)
        for field in (self.amount, self.send_to, self.phone):
            field.edited.connect(self._on_edited)
        self.wallet.chosen.connect(self._on_edited)
        self.keep.chosen.connect(self._on_edited)

    def set_wallets(self, providers: list[MobileProvider]) -> None:
        """The mobile money of the clinic's country."""
        self.wallet.set_choices([(one.code, one.name) for one in providers])

    def begin(self) -> None:
        """Another bill: nothing of the payer before stays."""
        self.is_edited = False
        self._model.replace([])
        self.keep.set_value(False)
        self.wallet.set_value(None)
        for field in (self.amount, self.send_to, self.phone):
            field.set_text("")
            field.clear_error()

    def show_due(self, invoice: Invoice) -> None:
        """Presets what is due, unless something was typed."""
        if not self.is_edited:
            self.amount.set_money(invoice.due if invoice.due.amount_minor else None)

    def show_cards(self, cards: list[SavedAuthorization]) -> None:
        """The cards of this patient; one alone is chosen."""
        self._model.replace(cards)
        self._cards.show_rows()
        self.cards.choose_first()
        self.forget_button.setEnabled(bool(cards))

    def wait_for_cards(self) -> None:
        """They are being fetched."""
        self._model.replace([])
        self._cards.show_loading()
        self.forget_button.setEnabled(False)

    def choose(self, channel: OnlineChannel) -> None:
        """Asks for what this way needs."""
        self.channel = channel
        self._words.setText(
            {
                OnlineChannel.CHECKOUT: self.tr("Pay by card, bank or phone on Paystack's page"),
                OnlineChannel.BANK_TRANSFER: self.tr("Bank transfer to an account for this payment alone"),
                OnlineChannel.MOBILE_MONEY: self.tr("Mobile money: the payer confirms on the phone"),
                OnlineChannel.SAVED: self.tr("Charge a card that the patient agreed to have kept"),
            }[channel]
        )
        self._pages.setCurrentWidget(self._places[channel])
        self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.amount.editor.selectAll()

    def request(
        self, invoice: Invoice, ticket_id: TicketId | None
    ) -> StartOnlinePayment | ChargeSaved | None:
        """The order as it stands; None where a field says what is missing."""
        amount = self._amount(invoice)
        if amount is None:
            return None
        if self.channel is OnlineChannel.SAVED:
            card = self.cards.chosen_row()
            if card is None:
                self.cards.setFocus(Qt.FocusReason.OtherFocusReason)
                return None
            return ChargeSaved(
                authorization_id=card.id,
                invoice_id=invoice.id,
                version=invoice.version,
                amount=amount,
                ticket_id=ticket_id,
            )
        means = self._means()
        if means is None:
            return None
        return StartOnlinePayment(
            invoice_id=invoice.id,
            version=invoice.version,
            amount=amount,
            channel=self.channel,
            ticket_id=ticket_id,
            email=means.get("email", ""),
            phone=means.get("phone", ""),
            mobile_provider=means.get("mobile_provider", ""),
            send_by=SendBy(means["send_by"]) if "send_by" in means else None,
            save_card=self.channel is OnlineChannel.CHECKOUT and bool(self.keep.value()),
        )

    def refuse(self, field: str, sentence: str) -> bool:
        """Shows the server's refusal at its field; False where it is not about one of these."""
        contact = self.phone if self.channel is OnlineChannel.MOBILE_MONEY else self.send_to
        at = {"amount": self.amount, "phone": contact, "email": self.send_to, "send_by": self.send_to}.get(
            field
        )
        if field == "mobile_provider":
            self.wallet.set_error(sentence)
        elif at is not None and at.isVisible():
            at.set_error(sentence)
        else:
            return False
        return True

    def _amount(self, invoice: Invoice) -> Money | None:
        amount = self.amount.money()
        if amount is None:
            self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not 0 < amount.amount_minor <= invoice.due.amount_minor:
            words = self.tr("Between one and {due}, which is due.")
            self.amount.set_error(words.format(due=format_money(invoice.due)))
            return None
        return amount

    def _means(self) -> dict[str, str] | None:
        if self.channel is OnlineChannel.CHECKOUT:
            return self._address()
        if self.channel is not OnlineChannel.MOBILE_MONEY:
            return {}
        if (wallet := self.wallet.value()) is None:
            self.wallet.set_error(self.tr("Choose the payer's mobile money."))
            return None
        if not self.phone.text():
            self.phone.set_error(self.tr("Type the phone number of the wallet."))
            return None
        return {"mobile_provider": wallet, "phone": self.phone.text()}

    def _address(self) -> dict[str, str] | None:
        to = self.send_to.text()
        if not to:
            return {}
        if "@" in to:
            return {"email": to, "send_by": SendBy.EMAIL}
        if re.fullmatch(r"\+?[0-9 ()\-]{8,24}", to):
            return {"phone": to, "send_by": SendBy.SMS}
        self.send_to.set_error(self.tr("Type a phone number or an e-mail address, or leave it empty."))
        return None

    def _lay_out(self) -> None:
        wallet = QWidget()
        row = QHBoxLayout(wallet)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.wallet, 1)
        row.addWidget(self.phone, 1)
        saved = QWidget()
        row = QHBoxLayout(saved)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._cards, 1)
        row.addWidget(self.forget_button, 0, Qt.AlignmentFlag.AlignBottom)
        self._cards.setFixedHeight(current_tokens().px(CARDS_HEIGHT))
        link = QWidget()
        column = QVBoxLayout(link)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.send_to)
        column.addWidget(self.keep)
        self._places = {
            OnlineChannel.CHECKOUT: link,
            OnlineChannel.BANK_TRANSFER: QWidget(),
            OnlineChannel.MOBILE_MONEY: wallet,
            OnlineChannel.SAVED: saved,
        }
        for page in self._places.values():
            self._pages.addWidget(page)
        fields = QHBoxLayout()
        fields.setSpacing(Space.M)
        fields.addWidget(self.amount, 1)
        fields.addWidget(self._pages, 2)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(Space.S)
        whole.addWidget(self._words)
        whole.addLayout(fields)
        whole.addStretch(1)

    def _forget(self) -> None:
        card = self.cards.chosen_row()
        if card is not None:
            self.forgotten.emit(card)

    def _on_edited(self, *_: object) -> None:
        self.is_edited = True
        self.edited.emit()
