"""What a medicine comes to while it is still being typed, and what is known against it."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.prescribing.lines import Dosing, amount_text, counted_text, product_name
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.prescribing import LineChecked, ProductRow, SafetyFinding, Severity

GRAVEST_FIRST = (Severity.CONTRAINDICATED, Severity.NOT_CHECKED, Severity.WARNING)


class PreviewLine(QWidget):
    """A pill with the gravest finding, and a sentence that counts the course."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pill = Pill()
        self._words = label("", TextRole.MUTED, wraps=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._pill)
        row.addWidget(self._words, 1)

    def text(self) -> str:
        """All that is said."""
        return f"{self._pill.text()} {self._words.text()}".strip()

    def show_nothing(self) -> None:
        """Nothing is typed yet."""
        self._pill.set("", Kind.NEUTRAL)
        self._words.setText("")

    def show_usual(self, product: ProductRow) -> None:
        """The dosing is not complete: says what is usual."""
        self._pill.set("", Kind.NEUTRAL)
        self._words.setText(
            self.tr("Usual: {dose}").format(dose=product.usual_dose) if product.usual_dose else ""
        )

    def show_dosing(self, dosing: Dosing, checked: LineChecked | None, *, frequency: str) -> None:
        """Counts the course; `checked` None while the server has not answered."""
        self._words.setText(self._summary(dosing, checked, frequency))
        if checked is None:
            self._pill.set(self.tr("Not checked yet"), Kind.NEUTRAL)
        elif not checked.findings:
            self._pill.set(self.tr("No finding"), Kind.OK)
        else:
            gravest = min(checked.findings, key=_gravity)
            self._pill.set(self._verdict(gravest), finding_kind(gravest))

    def _summary(self, dosing: Dosing, checked: LineChecked | None, frequency: str) -> str:
        product = dosing.product
        unit = product.dose_unit or product.dispensing_unit
        parts = [product_name(product), f"{amount_text(dosing.dose, unit)}, {product.route}, {frequency}"]
        if checked is not None:
            quantity = counted_text(checked.quantity, product.dispensing_unit)
            parts.append(self.tr("comes to {quantity}").format(quantity=quantity))
            stock = self.tr("{count} in stock") if checked.in_stock else self.tr("not in stock")
            parts.append(stock.format(count=checked.in_stock))
        return " · ".join(parts)

    def _verdict(self, finding: SafetyFinding) -> str:
        if finding.quiet:
            return self.tr("See note")
        return {
            Severity.CONTRAINDICATED: finding.title,
            Severity.NOT_CHECKED: self.tr("Not checked"),
            Severity.WARNING: self.tr("Warning"),
        }[finding.severity]


def finding_kind(finding: SafetyFinding) -> Kind:
    """The colour of a finding; not checked is as loud as found, unless it only informs."""
    if finding.quiet:
        return Kind.INFO
    return Kind.WARNING if finding.severity is Severity.WARNING else Kind.DANGER


def _gravity(finding: SafetyFinding) -> tuple[bool, int]:
    return finding.quiet, GRAVEST_FIRST.index(finding.severity)
