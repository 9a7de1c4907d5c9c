"""The page for the recovery key and the place of backups."""

import random

from msgspec import structs
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.recovery import grouped, new_signs, plain_signs
from hms_server.contract.setup import LATER, PlanFault, SetupPlan

NOW = "now"
_USUAL_HOUR = 2


class SafetyPage(SetupPage):
    """The key is shown here and nowhere else; two of its groups are asked back from paper."""

    print_requested = Signal(str)
    """The key as it is written down."""

    keys = ("backup",)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("4 of 6 · Recovery key and backups"))
        self.sentence.setText(
            self.tr("Backups are sealed: only the recovery key opens them, and only paper keeps it.")
        )
        self.key = grouped(new_signs())
        """Secret; the same however often somebody comes back here."""
        self.asked = sorted(random.SystemRandom().sample(range(6), 2))
        self.when: ChoiceField[str] = ChoiceField(
            self.tr("Recovery key"),
            [
                (NOW, self.tr("Now: I write it down")),
                (LATER, self.tr("Later: until then no backup is made, and administrators are reminded")),
            ],
        )
        self.when.set_value(NOW)
        self.key_label = label(self.key, TextRole.VALUE)
        self.key_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.key_label.setAccessibleName(self.tr("Recovery key"))
        words = self.tr("Write the key down twice, for two buildings; it is not shown again.")
        self.advice = label(words, TextRole.MUTED, wraps=True)
        self.print_button = SecondaryButton(self.tr("Print"), key="F9", icon_name="printer-outline")
        words = self.tr("Group {number} from your paper")
        self.groups = [Field(words.format(number=place + 1), max_length=12) for place in self.asked]
        self.place = Field(
            self.tr("Backup folder"),
            placeholder=self.tr("Empty: decide later"),
            hint=self.tr("On another disk, such as a USB disk that stays plugged in"),
        )
        self.browse_button = SecondaryButton(self.tr("Choose…"), key="F6", icon_name="folder-outline")
        self.hour: ChoiceField[int] = ChoiceField(
            self.tr("Every night at"), [(hour, f"{hour:02}:00") for hour in range(24)]
        )
        self.hour.set_value(_USUAL_HOUR)
        self.fields = {
            "backup.recovery_key": self.when,
            "group.0": self.groups[0],
            "group.1": self.groups[1],
            "backup.place": self.place,
            "backup.hour": self.hour,
        }
        self._arrange()
        self.when.chosen.connect(lambda _value: self._on_when())
        self.print_button.clicked.connect(self._on_print)
        self.browse_button.clicked.connect(self._on_browse)
        self._show_key()

    def show_printed(self, sentence: str, *, ok: bool) -> None:
        """What became of the paper."""
        self.notice.say(Kind.OK if ok else Kind.WARNING, sentence)

    def read_plan(self, plan: SetupPlan) -> SetupPlan:
        """The key only where its groups were typed; otherwise it is asked for later."""
        key = self.key if self.when.value() == NOW else LATER
        backup = structs.replace(
            plan.backup, recovery_key=key, place=self.place.text(), hour=self.hour.value()
        )
        return structs.replace(plan, backup=backup)

    def own_faults(self) -> list[PlanFault]:
        """Whoever has no paper cannot type what stands on it."""
        if self.when.value() == LATER:
            return []
        groups = self.key.split("-")
        sentence = self.tr("This is not what stands above. Compare it with your paper.")
        return [
            PlanFault(f"group.{number}", sentence)
            for number, place in enumerate(self.asked)
            if plain_signs(self.groups[number].text()) != groups[place]
        ]

    def _arrange(self) -> None:
        self.card.add(self.when)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.key_label, 1)
        row.addWidget(self.print_button)
        self.card.add(row)
        self.card.add(self.advice)
        self.add_row(*self.groups)
        below = QHBoxLayout()
        below.setSpacing(Space.M)
        below.addWidget(self.place, 1)
        below.addWidget(self.browse_button, 0, Qt.AlignmentFlag.AlignVCenter)
        below.addWidget(self.hour)
        self.card.add(below)
        self.finish_card()

    def _on_when(self) -> None:
        # It was about the paper with the key, which may have gone from the page.
        self.notice.take_back()
        self._show_key()

    def _show_key(self) -> None:
        is_now = self.when.value() == NOW
        for part in (self.key_label, self.advice, self.print_button, *self.groups):
            part.setHidden(not is_now)

    def _on_print(self) -> None:
        self.print_requested.emit(self.key)

    def _on_browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Backup folder"), self.place.text())
        if chosen:
            self.place.set_text(chosen)
