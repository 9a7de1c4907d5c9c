"""News that slide in at a corner of the window and never take the focus."""

from collections.abc import Sequence

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QPropertyAnimation, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import IconMark, TextRole, label, restyle
from hms_desktop.widgets.notices import ICONS, Action
from hms_desktop.widgets.tokens import Kind, Space, current_tokens

SHOWN_MS = 6000
SLIDE_MS = 160
SHOWN_AT_ONCE = 3


class Toast(QFrame):
    """One piece of news. Its buttons can be clicked but never get the focus by themselves."""

    finished = Signal()

    def __init__(
        self, parent: QWidget, kind: Kind, title: str, *, sentence: str, actions: Sequence[Action]
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setFixedWidth(min(current_tokens().px(360), parent.width() - 2 * Space.L))
        self._fill(kind, title, sentence, actions)
        restyle(self, "kind", kind.value)
        self.setAccessibleName(f"{title} {sentence}".strip())
        self._life = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._life.timeout.connect(self.dismiss)
        if kind is not Kind.DANGER:
            self._life.start()

    def dismiss(self) -> None:
        """Goes away now."""
        self._life.stop()
        self.hide()
        self.finished.emit()

    def _fill(self, kind: Kind, title: str, sentence: str, actions: Sequence[Action]) -> None:
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(label(title, TextRole.STRONG, wraps=True))
        if sentence:
            words.addWidget(label(sentence, wraps=True))
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        for action in (*actions, Action(self.tr("Close"), lambda: None)):
            buttons.addWidget(self._button(action))
        buttons.addStretch()
        words.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(IconMark(ICONS[kind], kind=kind, size=20), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def _button(self, action: Action) -> SecondaryButton:
        button = SecondaryButton(action.words)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self._act(action))
        return button

    def _act(self, action: Action) -> None:
        self.dismiss()
        action.do()


class Toasts(QObject):
    """Stacks toasts at the upper end corner of a window; the oldest leave when there are too many."""

    def __init__(self, window: QWidget, *, top: int = 64) -> None:
        super().__init__(window)
        self._window = window
        self._top = top
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    @property
    def shown(self) -> tuple[Toast, ...]:
        """What is on the screen, newest last."""
        return tuple(self._toasts)

    def say(self, kind: Kind, title: str, sentence: str = "", *, actions: Sequence[Action] = ()) -> None:
        """Shows news; danger stays until the person closes it."""
        toast = Toast(self._window, kind, title, sentence=sentence, actions=actions)
        toast.finished.connect(lambda: self._remove(toast))
        self._toasts.append(toast)
        for old in self._toasts[:-SHOWN_AT_ONCE]:
            old.dismiss()
        toast.resize(toast.width(), toast.heightForWidth(toast.width()))
        self._arrange()
        toast.show()
        toast.raise_()
        self._slide_in(toast)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(toast, toast.accessibleName()))

    def clear(self) -> None:
        """Takes all of them away, as at sign-out."""
        for toast in self.shown:
            toast.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self._window and event.type() is QEvent.Type.Resize:
            self._arrange()
        return super().eventFilter(watched, event)

    def _remove(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.deleteLater()
            self._arrange()

    def _arrange(self) -> None:
        y = self._top
        for toast in self._toasts:
            toast.move(self._x(toast), y)
            y += toast.height() + Space.S

    def _x(self, toast: Toast) -> int:
        if self._window.isRightToLeft():
            return Space.L
        return self._window.width() - toast.width() - Space.L

    def _slide_in(self, toast: Toast) -> None:
        end = toast.pos()
        slide = QPropertyAnimation(toast, b"pos", toast)
        slide.setDuration(SLIDE_MS)
        slide.setStartValue(end + QPoint(Space.L * 2, 0))
        slide.setEndValue(end)
        slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        slide.finished.connect(self._arrange)
        slide.start(QPropertyAnimation.DeletionPolicy.DeleteWhenStopped)
