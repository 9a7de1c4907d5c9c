"""What the three acts on stock share: fields, a sentence that reads back what will be stored, two buttons."""

import re
from abc import abstractmethod
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.pharmacy.gs1 import ScannedPack
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.pharmacy import BatchRow, StockRow

AnyField = Field | ChoiceField[Any]


def whole_number(text: str) -> int | None:
    """A number of up to nine digits, None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


class StockForm(Card):
    """One act on one medicine; a form `hold`s its fields once they are made."""

    edited = Signal()
    """The person has typed or chosen something."""
    save_wanted = Signal()
    leave_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("")
        self.act = ""
        self.fields: dict[str, AnyField] = {}
        self._product: StockRow | None = None
        self._typed = False
        self._save_words = ""
        self.told = label("", TextRole.STRONG, wraps=True)
        self.save_button = PrimaryButton("", key="Ctrl+Enter", icon_name="content-save-outline")
        self.leave_button = SecondaryButton(self.tr("Leave"), key="Esc")
        self.save_button.clicked.connect(self.save_wanted)
        self.leave_button.clicked.connect(self.leave_wanted)

    def hold(self, act: str, fields: dict[str, AnyField], *, save: str) -> None:
        """Takes the fields, named as the server names them, in the order of the keys."""
        self.act = act
        self.fields = fields
        self._save_words = save
        self.save_button.set_words(save)
        self._lay_out()
        for field in fields.values():
            if isinstance(field, ChoiceField):
                field.chosen.connect(lambda _value: self._on_edited())
            else:
                field.edited.connect(lambda _text: self._on_edited())

    @property
    def is_touched(self) -> bool:
        """Whether a person has typed something that would be lost."""
        return self._typed and any(self.typed().values())

    @property
    def product(self) -> StockRow:
        """Of which medicine the form speaks; there is none before `show_product`."""
        if self._product is None:
            raise LookupError("the form has no medicine yet")
        return self._product

    @abstractmethod
    def request(self) -> Request[BatchRow] | None:
        """What is to be stored; None where something is missing, which is then said at its field."""

    @abstractmethod
    def read_back(self) -> str:
        """In words what would be stored now; empty while too little is typed."""

    def show_product(self, product: StockRow) -> None:
        """The medicine as the server has it now; what is typed stays."""
        self._product = product
        self.refresh()

    def show_batch(self, batch: BatchRow | None) -> None:
        """The batch as the server has it now, None where none is chosen; what is typed stays."""

    def take(self, pack: ScannedPack) -> str:
        """Fills in what the pack bears and nobody has typed; says where the two disagree."""
        del pack
        return ""

    def typed(self) -> dict[str, str]:
        """What stands in the fields, by name."""
        return {name: _text(field) for name, field in self.fields.items()}

    def restore(self, typed: dict[str, str]) -> None:
        """Puts back what was typed before."""
        for name, field in self.fields.items():
            _set(field, typed.get(name, ""))
        self._typed = True
        self.refresh()

    def clear(self) -> None:
        """Ready for the next one."""
        for field in self.fields.values():
            _set(field, "")
        self._typed = False
        self.refresh()

    def start(self) -> None:
        """The keys go to the first field that is empty, the cursor behind what stands in it."""
        empty = (field for field in self.fields.values() if not _text(field))
        field = next(empty, next(iter(self.fields.values())))
        field.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused at its field; says whether it has one here."""
        field = self.fields.get(fault.field or "")
        if field is None:
            return False
        field.set_error(fault.message)
        return True

    def set_saving(self, *, saving: bool) -> None:
        """While the server stores, nothing is typed over it."""
        self.save_button.setEnabled(not saving)
        self.save_button.set_words(self.tr("Saving…") if saving else self._save_words)
        for field in self.fields.values():
            if isinstance(field, ChoiceField):
                field.setEnabled(not saving)
            else:
                field.editor.setReadOnly(saving)

    def refresh(self) -> None:
        """Draws what follows from the fields."""
        words = self.read_back() if self._product is not None else ""
        self.told.setText(words)
        self.told.setAccessibleName(words)

    def _on_edited(self) -> None:
        self._typed = True
        self.refresh()
        self.edited.emit()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for field in self.fields.values():
            row.addWidget(field, 1)
        self.add(row)
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.told, 1)
        below.addWidget(self.leave_button, 0, Qt.AlignmentFlag.AlignBottom)
        below.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.add(below)
        before: QWidget | None = None
        for field in self.fields.values():
            if before is not None:
                QWidget.setTabOrder(before, field.editor)
            before = field.editor


def _text(field: AnyField) -> str:
    if isinstance(field, ChoiceField):
        return str(field.value() or "")
    return field.text()


def _set(field: AnyField, text: str) -> None:
    if isinstance(field, ChoiceField):
        field.set_value(text or None)
    else:
        field.set_text(text)
