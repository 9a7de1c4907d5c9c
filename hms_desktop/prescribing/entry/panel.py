"""The row in which a medicine is typed: product, dose, frequency, days and quantity, added by Enter."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.prescribing.lines import (
    Dosing,
    matching_frequencies,
    parse_count,
    parse_dose,
    product_name,
)
from hms_desktop.prescribing.preview.panel import PreviewLine
from hms_desktop.prescribing.state import PrescriptionState
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label, restyle
from hms_desktop.widgets.suggest import SuggestField
from hms_desktop.widgets.suggestions import Suggestion
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import CheckLine, Frequency, LineChecked, ProductRow

PAUSE_MS = 150
"""Who types on does not want half a number checked."""
MAX_DAYS = 365
LARGE_TEXT = 1.3
"""From this text size on, the product has a line of its own."""


class EntryRow(QWidget):
    """Says `added` with a line that is complete; until then, at the field, what is missing."""

    added = Signal(object, object)
    """A `Dosing`, and the `LineChecked` for exactly this or None."""

    def __init__(self, state: PrescriptionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._product: ProductRow | None = None
        self._checked: tuple[CheckLine, LineChecked] | None = None
        self._adding = False
        self._build_fields()
        self.add_button = SecondaryButton(self.tr("Add"), key="Enter", icon_name="plus")
        self._error = label("", TextRole.ERROR, wraps=True)
        self.preview = PreviewLine()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out()
        self._connect()
        self._show_preview()

    def text(self) -> str:
        """What is typed as product."""
        return self.product.text()

    def clear(self) -> None:
        """An empty row."""
        self._pause.stop()
        self._product = None
        self._checked = None
        self._adding = False
        for field in (self.product, self.dose, self.frequency, self.days, self.quantity):
            field.set_text("")
            self._mark(field, "")
        self._show_preview()

    def load(self, dosing: Dosing) -> None:
        """Takes a line back for changes."""
        self.clear()
        self._fill(dosing.product)
        self.dose.set_text(f"{dosing.dose.normalize():f}")
        self.frequency.set_text(self._frequency_text(dosing.frequency))
        self.days.set_text(str(dosing.days))
        self.quantity.set_text("" if dosing.typed_quantity is None else str(dosing.typed_quantity))
        self._ask_for_preview()

    def refuse(self, sentence: str) -> None:
        """Says at the product why the row cannot stay as it is."""
        self._complain(self.product, sentence)

    def _build_fields(self) -> None:
        self.product = SuggestField(
            self.tr("Medicine"),
            placeholder=self.tr("Name or ingredient…"),
            nothing_found=self.tr("No such medicine in the formulary. Try the ingredient."),
        )
        self.dose = Field(self.tr("Dose"), max_length=8)
        self.frequency = SuggestField(
            self.tr("Frequency"),
            placeholder=self.tr("tds, three…"),
            nothing_found=self.tr("No such frequency. Try a code such as tds."),
        )
        self.days = Field(self.tr("Days"), max_length=3)
        self.quantity = Field(self.tr("Qty"), max_length=6)

    def _lay_out(self) -> None:
        tokens = current_tokens()
        for field, width in ((self.dose, 54), (self.days, 46), (self.quantity, 56)):
            field.setFixedWidth(tokens.px(width))
            field.editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.frequency.setMinimumWidth(tokens.px(128))
        self.product.setMinimumWidth(tokens.px(128))
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.preview, 1)
        below.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(self._fields_grid(in_one_row=tokens.factor < LARGE_TEXT))
        column.addWidget(self._error)
        column.addLayout(below)

    def _fields_grid(self, *, in_one_row: bool) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(Space.S)
        others = (self.dose, self.frequency, self.days, self.quantity)
        if in_one_row:
            grid.addWidget(self.product, 0, 0)
            grid.setColumnStretch(0, 3)
            grid.setColumnStretch(2, 2)
        else:
            grid.addWidget(self.product, 0, 1, 1, len(others))
            grid.setColumnStretch(2, 1)
        for number, field in enumerate(others):
            grid.addWidget(field, 0 if in_one_row else 1, number + 1)
        return grid

    def _connect(self) -> None:
        self.product.text_entered.connect(self._state.search)
        self.product.chosen.connect(self._on_product)
        self.product.edited.connect(self._on_product_edited)
        self.frequency.text_entered.connect(self._suggest_frequencies)
        self.frequency.chosen.connect(self._on_frequency)
        for field in (self.dose, self.frequency, self.days, self.quantity):
            field.edited.connect(self._on_edited)
        for suggesting in (self.product, self.frequency):
            suggesting.submitted.connect(self._on_enter)
        for plain in (self.dose, self.days, self.quantity):
            plain.editor.returnPressed.connect(self._on_enter)
        self.add_button.clicked.connect(self._on_enter)
        self._pause.timeout.connect(self._ask_for_preview)
        self._state.products_found.connect(self._on_products)
        self._state.products_failed.connect(self._on_products_failed)
        self._state.preview_checked.connect(self._on_preview)

    def _on_products(self, text: str, products: Sequence[ProductRow]) -> None:
        self.product.suggest([_suggestion(product) for product in products], for_text=text)

    def _on_products_failed(self, fault: Fault) -> None:
        if self.product.editor.hasFocus():
            self.product.say_instead(fault.message)

    def _on_product(self, product: ProductRow) -> None:
        self._fill(product)
        self._ask_for_preview()
        empty = (field for field in (self.dose, self.frequency, self.days) if not field.text())
        following = next(empty, self.dose)
        following.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        following.editor.selectAll()

    def _fill(self, product: ProductRow) -> None:
        """The product with its usual dosing; what the prescriber then types replaces it."""
        self._product = product
        self._checked = None
        self._mark(self.product, "")
        self.product.set_text(product_name(product))
        self.product.editor.setCursorPosition(0)
        dose = product.units_per_dose
        self.dose.set_text("" if dose is None else f"{dose.normalize():f}")
        self.frequency.set_text(self._frequency_text(product.usual_frequency))
        self.frequency.editor.setCursorPosition(0)
        self.days.set_text(str(product.usual_days) if product.usual_days else "")
        self.quantity.set_text("")

    def _on_product_edited(self, _text: str) -> None:
        # The words no longer name what was chosen: nothing may be added under them.
        self._product = None
        self._on_edited("")

    def _on_edited(self, _text: str) -> None:
        self._adding = False
        for field in (self.product, self.dose, self.frequency, self.days, self.quantity):
            self._mark(field, "")
        self._pause.start()

    def _suggest_frequencies(self, text: str) -> None:
        found = matching_frequencies(self._state.frequencies, text)
        rows = [Suggestion(value=each, words=each.text, pill=each.code) for each in found]
        self.frequency.suggest(rows, for_text=text)

    def _on_frequency(self, frequency: Frequency) -> None:
        self.frequency.set_text(frequency.text)
        self._ask_for_preview()
        self.days.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.days.editor.selectAll()

    def _frequency_text(self, code: str) -> str:
        return next((each.text for each in self._state.frequencies if each.code == code), code)

    def _frequency_code(self) -> str | None:
        """The code of what is typed; as typed, where the list could not be fetched."""
        text = self.frequency.text()
        if not self._state.frequencies:
            return text.upper() or None
        found = matching_frequencies(self._state.frequencies, text) if text else []
        exact = bool(found) and text.casefold() in (found[0].code.casefold(), found[0].text.casefold())
        return found[0].code if exact or len(found) == 1 else None

    def _on_enter(self, _text: object = None) -> None:
        dosing = self._complete()
        if dosing is None:
            return
        if self._state.has(dosing):
            self.refuse(
                self.tr("This medicine is on the prescription. Enter on its line takes it back here.")
            )
            return
        request = self._state.request_for(dosing)
        if self._checked is not None and self._checked[0] == request:
            self._hand_over(dosing, self._checked[1])
        else:
            self._adding = True
            self._ask_for_preview()

    def _complete(self) -> Dosing | None:
        """The line as typed; None after saying at the first wrong field what would be right."""
        mistake = self._first_mistake()
        if mistake is not None:
            self._complain(*mistake)
            return None
        return self._dosing()

    def _first_mistake(self) -> tuple[Field, str] | None:
        if self._product is None:
            return self.product, self.tr("Choose a medicine from the list.")
        if parse_dose(self.dose.text()) is None:
            unit = self._product.dose_unit or self._product.dispensing_unit
            return self.dose, self.tr("Dose: how many {unit} at a time, such as 1 or 2.5.").format(unit=unit)
        if self._frequency_code() is None:
            return self.frequency, self.tr("Choose a frequency from the list, such as tds.")
        days = parse_count(self.days.text())
        if days is None or days > MAX_DAYS:
            return self.days, self.tr("Days: from 1 to 365.")
        if self.quantity.text() and parse_count(self.quantity.text()) is None:
            return self.quantity, self.tr("Quantity: a whole number, or empty to have it counted.")
        return None

    def _dosing(self) -> Dosing | None:
        dose, days, code = parse_dose(self.dose.text()), parse_count(self.days.text()), self._frequency_code()
        if self._product is None or dose is None or days is None or code is None:
            return None
        return Dosing(
            product=self._product,
            dose=dose,
            frequency=code,
            days=days,
            typed_quantity=parse_count(self.quantity.text()),
        )

    def _complain(self, field: Field, sentence: str) -> None:
        self._mark(field, sentence)
        field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        field.editor.selectAll()

    def _mark(self, field: Field, sentence: str) -> None:
        """Below the row, since a sentence does not fit below a field for two digits."""
        restyle(field.editor, "wrong", "true" if sentence else "false")
        field.editor.setAccessibleDescription(sentence)
        self._error.setText(sentence)
        self._error.setHidden(not sentence)

    def error(self) -> str:
        """What is shown as wrong, empty when nothing is."""
        return self._error.text()

    def _ask_for_preview(self) -> None:
        self._pause.stop()
        dosing = self._dosing()
        if dosing is not None:
            self._state.preview(dosing)
        self._show_preview()

    def _on_preview(self, request: CheckLine, outcome: LineChecked | Fault) -> None:
        dosing = self._dosing()
        if dosing is None or self._state.request_for(dosing) != request:
            return
        if isinstance(outcome, LineChecked):
            self._checked = (request, outcome)
            self._show_preview()
            if self._adding:
                self._hand_over(dosing, outcome)
        else:
            self._on_preview_refused(dosing, outcome)

    def _on_preview_refused(self, dosing: Dosing, fault: Fault) -> None:
        fields = {"dose": self.dose, "frequency": self.frequency, "days": self.days}
        wrong = fields.get(fault.field or "", self.product if fault.field else None)
        if wrong is not None:
            self._mark(wrong, fault.message)
        elif self._adding and dosing.typed_quantity is not None:
            self._hand_over(dosing, None)
        else:
            sentence = self.tr("{reason} To add it unchecked, type the quantity.")
            self._mark(self.quantity, sentence.format(reason=fault.message))
        self._adding = False

    def _hand_over(self, dosing: Dosing, checked: LineChecked | None) -> None:
        self.clear()
        self.added.emit(dosing, checked)

    def _show_preview(self) -> None:
        dosing = self._dosing()
        self.add_button.setVisible(self._product is not None)
        if self._product is None:
            self.preview.show_nothing()
        elif dosing is None:
            self.preview.show_usual(self._product)
        else:
            fits = self._checked is not None and self._checked[0] == self._state.request_for(dosing)
            checked = self._checked[1] if self._checked and fits else None
            self.preview.show_dosing(dosing, checked, frequency=self._frequency_text(dosing.frequency))
        self.preview.setHidden(self._product is None)


def _suggestion(product: ProductRow) -> Suggestion:
    stock = QCoreApplication.translate("EntryRow", "{count} in stock").format(count=product.in_stock)
    none = QCoreApplication.translate("EntryRow", "Not in stock")
    details = [product.route, product.usual_dose]
    return Suggestion(
        value=product,
        words=product_name(product),
        detail=" · ".join(detail for detail in details if detail),
        pill=stock if product.in_stock else none,
        kind=Kind.OK if product.in_stock else Kind.WARNING,
    )
