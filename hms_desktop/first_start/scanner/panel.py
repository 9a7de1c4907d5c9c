"""The page that learns what a scanner types, from one scan of a code on the screen."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.first_start.panel import StepPage
from hms_desktop.first_start.rules import Finding, Heard, Learnt, learn
from hms_desktop.first_start.words import end_words, learnt_words
from hms_desktop.shell.scanner import RAW_SCANS
from hms_desktop.widgets.barcode import BarcodeView
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Kind
from hms_desktop.workplace import ScanEnd

PAUSE_MS = 700
"""After it a scan without a key at its end is complete, and the next key begins another one."""
_ENDS = {
    Qt.Key.Key_Return: ScanEnd.ENTER,
    Qt.Key.Key_Enter: ScanEnd.ENTER,
    Qt.Key.Key_Tab: ScanEnd.TAB,
}


class ScannerPage(StepPage):
    """The field gets each key as it comes until a scan was understood; then scans come as everywhere."""

    learnt = Signal(object)
    """A `Wedge`: the scanner can be used like this."""
    label_wanted = Signal()
    """A test label with the same code is to be printed."""

    def __init__(
        self,
        *,
        code: str,
        clock_s: Callable[[], float] = time.monotonic,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._code = code
        self._clock_s = clock_s
        self._text = ""
        self._last_s = 0.0
        self._slowest_ms = 0
        self.card.set_title(self.tr("3 of 3 · Has it a barcode scanner?"))
        self.sentence.setText(
            self.tr("Scan this code. Everything works without a scanner too: then simply finish.")
        )
        self.back_button.set_words(self.tr("Back"))
        self.next_button.set_words(self.tr("Done"))
        self.bars = BarcodeView(self.tr("Barcode {code}").format(code=code))
        self.print_button = SecondaryButton(
            self.tr("Print it on a label"), key="F5", icon_name="printer-outline"
        )
        self.field = Field(self.tr("What the scanner types"), placeholder=code)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.print_button.clicked.connect(self.label_wanted)
        self.field.editor.installEventFilter(self)
        self._fill()

    def start(self) -> None:
        """Ready for a first scan."""
        self._begin()
        self._listen(raw=True)
        self.notice.take_back()

    def show_bars(self, widths: Sequence[int]) -> None:
        """The code as bars and spaces."""
        self.bars.show_bars(widths)

    def show_printed(self, sentence: str, *, is_printed: bool) -> None:
        """What became of the test label."""
        self.notice.say(Kind.INFO if is_printed else Kind.WARNING, sentence)
        self.field.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_scanned(self, code: str) -> None:
        """A scan came the way that scans come in the whole program."""
        self.field.set_text(code)
        if code == self._code:
            self.notice.say(
                Kind.OK, self.tr("Read once more: {code}. The scanner is ready.").format(code=code)
            )
        else:
            title = self.tr("The scanner read “{heard}”, another code than the one above.")
            self.notice.say(Kind.INFO, title.format(heard=code), self.tr("That works too."))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.field.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        listens = watched is self.field.editor and bool(self.field.editor.property(RAW_SCANS))
        if listens and event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._on_key(event)
        return super().eventFilter(watched, event)

    def _fill(self) -> None:
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.bars)
        row.addStretch(1)
        self.card.add(row)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(label(self._code, TextRole.STRONG))
        below.addWidget(self.print_button)
        below.addStretch(1)
        self.card.add(below)
        self.card.add(self.field)
        self.finish_card()

    def _on_key(self, event: QKeyEvent) -> bool:
        end = _ENDS.get(Qt.Key(event.key()))
        if end is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if not self._text:
                # A person who leaves the field with Tab, or has nothing to scan.
                return end is ScanEnd.ENTER
            self._finish(end)
            return True
        if len(event.text()) == 1 and event.text().isprintable():
            self._take(event.text())
        return False

    def _take(self, letter: str) -> None:
        now_s = self._clock_s()
        if not self._pause.isActive():
            self._begin()
        elif self._text:
            self._slowest_ms = max(self._slowest_ms, round((now_s - self._last_s) * 1000))
        self._text += letter
        self._last_s = now_s
        self._pause.start()

    def _on_pause(self) -> None:
        if len(self._text) >= len(self._code):
            self._finish(ScanEnd.NOTHING)

    def _finish(self, end: ScanEnd) -> None:
        self._pause.stop()
        learnt = learn(Heard(text=self._text, end=end, slowest_ms=self._slowest_ms), self._code)
        self._text = ""
        title, sentence = learnt_words(learnt)
        self.notice.say(_kind_of(learnt), self._filled(title, learnt), self._filled(sentence, learnt))
        if learnt.wedge is not None:
            self._listen(raw=False)
            self.learnt.emit(learnt.wedge)

    def _filled(self, words: str, learnt: Learnt) -> str:
        wedge = learnt.wedge
        return words.format(
            code=self._code,
            heard=learnt.heard,
            around=f"{wedge.prefix}…{wedge.suffix}" if wedge else "",
            end=end_words(wedge.end) if wedge else "",
        )

    def _begin(self) -> None:
        self._text = ""
        self._slowest_ms = 0
        self.field.set_text("")

    def _listen(self, *, raw: bool) -> None:
        self.field.editor.setProperty(RAW_SCANS, raw)


def _kind_of(learnt: Learnt) -> Kind:
    return Kind.OK if learnt.finding in (Finding.WORKS, Finding.AROUND) else Kind.WARNING
