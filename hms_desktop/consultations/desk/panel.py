"""How the doctor's desk is laid out: banner, note and prescription, what helps to decide, the one button."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.consultations.aside.panel import AsideCard
from hms_desktop.consultations.note.panel import NoteCard
from hms_desktop.consultations.parts import Mode
from hms_desktop.session import Session
from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.buttons import PrimaryButton
from hms_desktop.widgets.fitted import Fitted
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.queue_words import priority_word, rank_kind
from hms_desktop.widgets.tokens import Space, current_tokens
from hms_server.contract.consultations import Banner
from hms_server.contract.visits import TicketRow

ASIDE_WIDTH = 288


class Desk(QWidget):
    """Draws; what happens is decided around it."""

    def __init__(
        self, session: Session, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self.banner = PatientBanner()
        self.notice = Notice()
        self.note = NoteCard(zone=zone, clock=clock)
        self.aside = AsideCard(session, clock=clock, zone=zone)
        self.sign_button = PrimaryButton(self.tr("Sign and send"), key="Ctrl+Enter", icon_name="check")
        self._hint = label("", TextRole.MUTED, wraps=True)
        self._body = QWidget()
        # A part that has only just been shown has its place after the layout has run.
        self._follow = QTimer(self, singleShot=True, interval=0)
        self._follow.timeout.connect(self._show_focused)
        self._lay_out()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def place(self, prescription: QWidget) -> None:
        """Puts the prescription below the note."""
        self._middle.addWidget(prescription, 1)
        self._middle.setStretchFactor(self.note, 2)

    def show_mode(self, mode: Mode, *, hint: str = "") -> None:
        """Shows what belongs to a mode; `hint` stands in the place of everything while nobody is open."""
        shown = mode not in (Mode.CLOSED, Mode.OPENING)
        self._body.setVisible(shown)
        self._hint.setVisible(not shown)
        self._hint.setText(hint)
        correcting = mode is Mode.CORRECTING
        self.sign_button.set_words(self.tr("Sign correction") if correcting else self.tr("Sign and send"))
        self.sign_button.setVisible(mode in (Mode.WRITING, Mode.CORRECTING))

    def hint(self) -> str:
        """What stands there while nobody is open."""
        return self._hint.text()

    def show_patient(self, banner: Banner, ticket: TicketRow) -> None:
        """The banner with what the queue knows."""
        self.banner.show_patient(banner, today=self.today())
        self.banner.show_facts([(ticket.code, priority_word(ticket.priority), rank_kind(ticket))])

    def today(self) -> date:
        """The day in the clinic."""
        return self._clock().astimezone(self._zone).date()

    def time_text(self, moment: datetime) -> str:
        """Such as "10:42:07", in the clinic's zone."""
        return f"{moment.astimezone(self._zone):%H:%M:%S}"

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Where the keys go must be seen, also in a window that is too low for everything."""
        if now is not None and self._page.isAncestorOf(now):
            self._follow.start()

    def _show_focused(self) -> None:
        now = QApplication.focusWidget()
        if now is not None and self._page.isAncestorOf(now):
            self._scroll.ensureWidgetVisible(now, Space.L, Space.L)

    def _lay_out(self) -> None:
        self._page = QWidget()
        self._middle = QVBoxLayout(self._page)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(Space.M)
        self._middle.addWidget(self.note, 1)
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.aside, 1)
        right.addWidget(self.sign_button)
        self.aside.setMinimumWidth(current_tokens().px(ASIDE_WIDTH))
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        self._scroll = Fitted(self._page)
        row.addWidget(self._scroll, 5)
        row.addLayout(right, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self.banner)
        column.addWidget(self.notice)
        column.addWidget(self._hint, 1, Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._body, 1)
