"""One medicine on the counter: what is owed, from which batch it comes, and whether the pack was scanned."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.pharmacy.gs1 import same_gtin
from hms_desktop.pharmacy.table import batches_text
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.pharmacy import DispenseLine, PickedLine

QUANTITY_WIDTH = 140


class LinePanel(QFrame):
    """The quantity is preset with what can be given now; less is a part dispensing."""

    edited = Signal()

    def __init__(self, line: DispenseLine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = line
        self.scans: list[str] = []
        self.touched = False
        self._medicine = label(line.product, TextRole.STRONG, wraps=True)
        self._directions = label(line.directions, wraps=True)
        self._batches = label("", TextRole.MUTED, wraps=True)
        self._reasons = label("", TextRole.MUTED, wraps=True)
        self._pill = Pill()
        self.quantity = Field(self.tr("Give"), unit=line.dispensing_unit)
        self.quantity.editor.setValidator(QIntValidator(0, 100_000, self))
        self.quantity.edited.connect(self._on_edited)
        self._lay_out()
        self.update_line(line)

    @property
    def given(self) -> int:
        """How much is to be handed over now."""
        return int(self.quantity.text() or 0)

    @property
    def is_scanned(self) -> bool:
        """Whether a right pack was scanned, or nothing is given that would need it."""
        return bool(self.scans) or not self.given

    def update_line(self, line: DispenseLine) -> None:
        """The server's newest view; a quantity that the pharmacist typed stays."""
        self.line = line
        available = line.owing - line.short_by
        if not self.touched and self.given != available:
            self.quantity.set_text(str(available))
        self._batches.setText(batches_text(line.proposed) or self.tr("No batch that may be given"))
        reasons = [f"{finding}: {reason}" for finding, reason in line.overrides.items()]
        reasons += [f"{finding.title} {finding.detail}".strip() for finding in line.findings]
        self._reasons.setText("\n".join(reasons))
        self._reasons.setVisible(bool(reasons))
        self._show_state()

    def scan(self, code: str) -> bool:
        """Takes the code if it is on this medicine's pack."""
        if same_gtin(code) != same_gtin(self.line.gtin):
            return False
        self.scans.append(code)
        self._show_state()
        return True

    def picked(self) -> PickedLine:
        """What the server is asked to take out of stock."""
        return PickedLine(
            medication_request_id=self.line.medication_request_id, quantity=self.given, scanned=self.scans
        )

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        for each in (self._medicine, self._directions, self._batches, self._reasons):
            words.addWidget(each)
        self.quantity.setFixedWidth(current_tokens().px(QUANTITY_WIDTH))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, Space.S, 0, Space.S)
        row.setSpacing(Space.M)
        row.addLayout(words, 1)
        row.addWidget(self.quantity)
        row.addWidget(self._pill)

    def _on_edited(self, _text: str) -> None:
        self.touched = True
        self.quantity.clear_error()
        self._show_state()
        self.edited.emit()

    def _show_state(self) -> None:
        line = self.line
        self.quantity.set_hint(self.tr("of {owing} owing").format(owing=line.owing))
        if line.short_by >= line.owing:
            self._pill.set(self.tr("Out of stock"), Kind.DANGER)
        elif self.scans:
            self._pill.set(self.tr("Scanned"), Kind.OK)
        elif line.short_by:
            self._pill.set(self.tr("{count} short").format(count=line.short_by), Kind.WARNING)
        else:
            self._pill.set(self.tr("Scan pack"), Kind.WARNING)
