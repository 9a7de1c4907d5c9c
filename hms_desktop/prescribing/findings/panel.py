"""What is known against a line of the prescription, and where a prescriber says why it is right anyway."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.prescribing.lines import Check, Line, needs_reason
from hms_desktop.prescribing.preview.panel import finding_kind
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import IconMark, TextRole, label, restyle
from hms_desktop.widgets.notices import ICONS
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.prescribing import SafetyFinding, Severity

MOST_NOTES = 4
"""More of them would push the next medicine off a small screen."""
MIN_LETTERS = 5
"""The server wants a reason that a pharmacist can read, not a dot."""


class FindingsBox(QWidget):
    """Shows everything about one line; never takes the focus by itself."""

    overridden = Signal(int, str, str)
    """The number of the line, the key of the finding and the reason."""
    removed = Signal(int)
    """The number of a line that is to be replaced by another medicine."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line: Line | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.XS)
        self.rows: list[FindingRow] = []
        self.notes = Notes()
        self._column.addWidget(self.notes)
        self.hide()

    def show_line(self, line: Line | None) -> None:
        """The findings of this line; a reason that is being typed for one of them stays."""
        if line == self._line:
            return
        typing = {row.finding.key: row.reason.text() for row in self.rows if row.is_open()}
        same = line is not None and self._line is not None and line.number == self._line.number
        self._line = line
        self._clear()
        for finding in () if line is None else (*_own(line, self._unchecked_words()), *line.loud):
            self._add(line, finding, typed=typing.get(finding.key) if same else None)
        self.notes.show_line(line)
        self.setHidden(not self.rows and self.notes.isHidden())

    def text(self) -> str:
        """All that is said."""
        said = " ".join((*(row.text() for row in self.rows), self.notes.text())).strip()
        return "" if self.isHidden() else said

    def ask_for_reason(self) -> None:
        """Opens the first finding that nobody has answered and brings the focus there."""
        for row in self.rows:
            if row.needs_reason:
                row.ask()
                return

    def _add(self, line: Line | None, finding: SafetyFinding, *, typed: str | None) -> None:
        assert line is not None
        first = not any(row.needs_reason for row in self.rows)
        row = FindingRow(line, finding, with_keys=first)
        row.overridden.connect(lambda reason, key=finding.key: self.overridden.emit(line.number, key, reason))
        row.replaced.connect(lambda: self.removed.emit(line.number))
        self._column.insertWidget(len(self.rows), row)
        self.rows.append(row)
        if typed is not None:
            row.ask()
            row.reason.set_text(typed)

    def _clear(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []

    def _unchecked_words(self) -> str:
        return self.tr("NOT CHECKED")


class Notes(QFrame):
    """What only informs about a line, all of it in one place, without a button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._words = label("", wraps=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(IconMark(ICONS[Kind.INFO], kind=Kind.INFO, size=16))
        row.addWidget(self._words, 1)
        restyle(self, "kind", Kind.INFO.value)
        self.hide()

    def show_line(self, line: Line | None) -> None:
        """The quiet findings of this line, a sentence each; the last ones only where the mouse asks."""
        quiet = [] if line is None else [finding for finding in line.findings if finding.quiet]
        said = [f"{finding.title}. {with_source(finding)}" for finding in quiet]
        shown = said[:MOST_NOTES]
        if len(said) > MOST_NOTES:
            shown.append(self.tr("And {count} more.").format(count=len(said) - MOST_NOTES))
        self._words.setText("\n".join(shown))
        self.setToolTip("\n".join(said))
        self.setAccessibleName(" ".join(said))
        self.setHidden(not said)

    def text(self) -> str:
        """All that is said, empty while there is nothing."""
        return "" if self.isHidden() else self._words.text()


class FindingRow(QFrame):
    """One finding: what, why, and the reason that was given."""

    overridden = Signal(str)
    replaced = Signal()

    def __init__(
        self, line: Line, finding: SafetyFinding, *, with_keys: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.finding = finding
        self._given = line.overrides.get(finding.key, "")
        self._may_override = finding.key in {each.key for each in line.findings}
        self.needs_reason = self._may_override and not self._given and needs_reason(finding)
        kind = finding_kind(finding) if self.needs_reason or not self._may_override else Kind.WARNING
        self._title = label(f"{line.name}: {finding.title}", TextRole.STRONG, wraps=True)
        self._detail = label(self._detail_words(), wraps=True)
        self.reason = Field("", placeholder=self.tr("Why it is right for this patient…"))
        self.reason.editor.setAccessibleName(self.tr("Reason, which the pharmacist will read"))
        self.keep_button = SecondaryButton(self.tr("Keep reason"), key="Enter")
        self.override_button = SecondaryButton(
            self.tr("Change reason…") if self._given else self.tr("Override…"),
            key="Alt+O" if with_keys and self.needs_reason else "",
        )
        self.replace_button = SecondaryButton(self.tr("Choose another"))
        self._lay_out(kind)
        self._connect()
        restyle(self, "kind", kind.value)
        self.setAccessibleName(self.text())

    def text(self) -> str:
        """Title and detail."""
        return f"{self._title.text()} {self._detail.text()}".strip()

    def is_open(self) -> bool:
        """Whether a reason is being typed."""
        return not self.reason.isHidden()

    def ask(self) -> None:
        """Opens the field for the reason with the focus in it."""
        self.reason.set_text(self._given)
        self._show_reason(is_open=True)
        self.reason.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _detail_words(self) -> str:
        if self._given:
            return self.tr("Your reason: {reason}").format(reason=self._given)
        return with_source(self.finding)

    def _lay_out(self, kind: Kind) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        words.addWidget(self.reason)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(IconMark(ICONS[kind], kind=kind, size=20))
        row.addLayout(words, 1)
        buttons = QVBoxLayout()
        buttons.setSpacing(Space.XS)
        buttons.addStretch(1)
        for button in (self.override_button, self.replace_button, self.keep_button):
            buttons.addWidget(button)
        row.addLayout(buttons)
        self._show_reason(is_open=False)

    def _connect(self) -> None:
        self.override_button.clicked.connect(self.ask)
        self.replace_button.clicked.connect(self.replaced)
        self.keep_button.clicked.connect(self._keep)
        self.reason.editor.returnPressed.connect(self._keep)
        self.reason.editor.installEventFilter(self)

    def _show_reason(self, *, is_open: bool) -> None:
        self.reason.setHidden(not is_open)
        self.keep_button.setHidden(not is_open)
        self.override_button.setHidden(is_open or not self._may_override or not self._worth_a_reason())
        self.replace_button.setHidden(is_open or not self.needs_reason)

    def _worth_a_reason(self) -> bool:
        return self.finding.severity is not Severity.WARNING or bool(self._given)

    def _keep(self) -> None:
        reason = self.reason.text()
        if sum(sign.isalpha() for sign in reason) < MIN_LETTERS:
            self.reason.set_error(self.tr("Say it in words, at least five letters."))
            return
        self.overridden.emit(reason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if (
            watched is self.reason.editor
            and event.type() is QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            self._show_reason(is_open=False)
            self.override_button.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().eventFilter(watched, event)


def with_source(finding: SafetyFinding) -> str:
    """Why, and who says so."""
    return f"{finding.detail} ({finding.source})" if finding.source else finding.detail


def _own(line: Line, unchecked: str) -> list[SafetyFinding]:
    """What this screen itself has to say about the line, before the server's findings."""
    own = []
    if line.error:
        own.append(SafetyFinding(key="error", severity=Severity.CONTRAINDICATED, title=line.error, detail=""))
    if line.check is Check.FAILED and not line.error:
        title = unchecked
        own.append(
            SafetyFinding(key="trouble", severity=Severity.NOT_CHECKED, title=title, detail=line.trouble)
        )
    return own
