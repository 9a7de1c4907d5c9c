"""What helps to decide, beside the note: vital signs, earlier visits, or allergies and problems."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from enum import Enum, auto

from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from hms_desktop.consultations.history.panel import HistoryView
from hms_desktop.consultations.safety.panel import SafetyView
from hms_desktop.consultations.safety.state import SafetyState
from hms_desktop.consultations.vitals.panel import VitalsView
from hms_desktop.consultations.vitals.state import VitalsState
from hms_desktop.session import Session
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.one_of import one_of
from hms_desktop.widgets.words import age_in_months
from hms_server.contract.consultations import Banner, Chart
from hms_server.contract.triage import VitalsHistory
from hms_server.contract.visits import TicketRow


class Page(Enum):
    VITALS = auto()
    HISTORY = auto()
    ALLERGIES = auto()


class AsideCard(Card):
    """Three pages, each a key away; the vital signs come first with every patient."""

    def __init__(
        self, session: Session, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent=parent)
        self._clock = clock
        self._zone = zone
        self._birth_date: date | None = None
        self.vitals_state = VitalsState(session, self)
        self.safety_state = SafetyState(session, self)
        self.vitals = VitalsView(zone=zone)
        self.history = HistoryView(zone=zone)
        self.safety = SafetyView(self.safety_state)
        self._views: dict[Page, VitalsView | HistoryView | SafetyView] = {
            Page.VITALS: self.vitals,
            Page.HISTORY: self.history,
            Page.ALLERGIES: self.safety,
        }
        self._stack = QStackedWidget()
        self.buttons = {
            # The underlined letter is the key with Alt: three keys in full do not fit side by side.
            Page.VITALS: QPushButton(self.tr("&Vitals")),
            Page.HISTORY: QPushButton(self.tr("&History")),
            Page.ALLERGIES: QPushButton(self.tr("&Allergies")),
        }
        self._lay_out()
        self.vitals_state.changed.connect(self._on_vitals)
        self.vitals_state.failed.connect(self.vitals.show_error)

    def open_ticket(self, ticket: TicketRow) -> None:
        """Starts with the vital signs of this patient; what stood here of another one is gone."""
        self.vitals.clear()
        self.history.clear()
        self._birth_date = ticket.patient.birth_date
        self.safety_state.patient_id = ticket.patient.id
        self.vitals_state.open_patient(ticket.patient.id)
        self.turn_to(Page.VITALS)

    def show_chart(self, chart: Chart) -> None:
        """Earlier visits, allergies and problems as they are now."""
        self.history.show_chart(chart)
        self.show_banner(chart.banner)

    def show_banner(self, banner: Banner) -> None:
        """Allergies and problems as they are now."""
        self.safety.show_banner(banner)

    def turn_to(self, page: Page) -> None:
        """Shows a page and leaves the focus alone."""
        self.buttons[page].setChecked(True)
        self._stack.setCurrentWidget(self._views[page])

    def page(self) -> Page:
        """The page that is shown."""
        return next(page for page, view in self._views.items() if view is self._stack.currentWidget())

    def is_busy(self) -> bool:
        """Whether something is half-typed here."""
        return self.safety.is_busy()

    def _lay_out(self) -> None:
        buttons = one_of(self.buttons.values(), owner=self)
        for page, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, each=page: self._on_button(each))
            self._stack.addWidget(self._views[page])
        self.add(buttons)
        self.add(self._stack, stretch=1)

    def _on_button(self, page: Page) -> None:
        self.turn_to(page)
        view = self._views[page]
        if not isinstance(view, VitalsView):
            view.take_focus()

    def _on_vitals(self, history: VitalsHistory) -> None:
        today = self._clock().astimezone(self._zone).date()
        age_months = None if self._birth_date is None else age_in_months(self._birth_date, today)
        self.vitals.show_history(history, age_months=age_months, today=today)
