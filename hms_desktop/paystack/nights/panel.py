"""The comparisons with Paystack's list: each night's result, its sums, and every difference by name."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.paystack.report import print_report
from hms_desktop.paystack.state import NightsState
from hms_desktop.paystack.table import (
    days_text,
    difference_columns,
    night_columns,
    state_of_night,
    sum_columns,
)
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.accounts import Clinic
from hms_server.contract.reconciliation import (
    Difference,
    ReconciledSum,
    ReconciliationRow,
    ReconciliationState,
)

LIST_HEIGHT = 140
SUMS_HEIGHT = 140


class NightsPanel(Card):
    """The list above, the chosen report below."""

    def __init__(
        self,
        session: Session,
        *,
        clinic: Clinic,
        clock: Callable[[], datetime],
        zone: tzinfo,
        printer: Printer,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Compared with Paystack's list"))
        self._clinic = clinic
        self._clock = clock
        self._zone = zone
        self._printer = printer
        self._background = Background(self)
        self.state = NightsState(session, parent=self)
        self._nights: RowsModel[ReconciliationRow] = RowsModel(
            night_columns(), key=lambda row: row.id, parent=self
        )
        self._sums: RowsModel[ReconciledSum] = RowsModel(
            sum_columns(), key=lambda row: (row.name, row.ours.currency, row.theirs.currency), parent=self
        )
        self._differences: RowsModel[Difference] = RowsModel(
            difference_columns(), key=lambda row: (row.kind, row.reference, row.sentence), parent=self
        )
        self.nights: TableView[ReconciliationRow] = TableView(self._nights, name=self.tr("Comparisons"))
        self._list = ListState(self.nights, empty=self.tr("Nothing was compared yet"))
        self.sums: TableView[ReconciledSum] = TableView(self._sums, name=self.tr("Sums"))
        self.differences: TableView[Difference] = TableView(self._differences, name=self.tr("Differences"))
        self._report = ListState(self.differences, empty=self.tr("Choose a comparison"))
        self._title = label("", TextRole.STRONG, wraps=True)
        self._result = Pill()
        self._why = label("", TextRole.ERROR, wraps=True)
        self.notice = Notice()
        self.days: ChoiceField[int] = ChoiceField(
            "",
            [
                (0, self.tr("Today")),
                (1, self.tr("Yesterday and today")),
                (6, self.tr("The last 7 days")),
                (30, self.tr("The last 31 days")),
            ],
        )
        self.days.editor.setAccessibleName(self.tr("Days to compare"))
        self.days.set_value(6)
        self.run_button = SecondaryButton(self.tr("Compare now"), key="Ctrl+U", icon_name="compare")
        self.print_button = SecondaryButton(
            self.tr("Print report"), key="Ctrl+P", icon_name="printer-outline"
        )
        self._lay_out()
        self._connect()
        self._show_report()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._list.show_loading()
        self.state.reload()

    def _lay_out(self) -> None:
        self._list.setFixedHeight(current_tokens().px(LIST_HEIGHT))
        self.sums.setFixedHeight(current_tokens().px(SUMS_HEIGHT))
        self.add(self.notice)
        self.add(self._list)
        heading = QHBoxLayout()
        heading.setSpacing(Space.S)
        heading.addWidget(self._title, 1)
        heading.addWidget(self._result)
        self.add(heading)
        self.add(self._why)
        self.add(self.sums)
        self.add(self._report, stretch=1)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.days)
        row.addWidget(self.run_button)
        row.addStretch(1)
        row.addWidget(self.print_button)
        self.add(row)

    def _connect(self) -> None:
        state = self.state
        state.changed.connect(self._show)
        state.report_changed.connect(self._show_report)
        state.failed.connect(lambda fault: self._list.show_error(fault.message))
        state.asked.connect(self._on_asked)
        state.refused.connect(lambda fault: self.notice.say(Kind.WARNING, fault.message))
        self._list.retried.connect(state.reload)
        self.nights.chosen.connect(self._on_chosen)
        self.run_button.clicked.connect(self._run)
        self.print_button.clicked.connect(self._print)

    def _show(self) -> None:
        self._nights.replace(self.state.rows)
        self._list.show_rows()
        self.nights.choose_first()

    def _on_chosen(self, row: ReconciliationRow | None) -> None:
        if row is not None:
            self.state.open(row.id)

    def _show_report(self) -> None:
        report = self.state.report
        over = report is not None and report.row.state is ReconciliationState.DONE
        self.print_button.setEnabled(over)
        self.sums.setVisible(over)
        self._sums.replace(report.sums if report is not None else [])
        self._differences.replace(report.differences if report is not None else [])
        self._why.setText(report.row.why if report is not None else "")
        self._why.setHidden(not self._why.text())
        if report is None:
            self._title.setText("")
            self._result.set("", Kind.NEUTRAL)
            self._report.show_empty(self.tr("Choose a comparison"))
            return
        words = self.tr("{days}: {n} looked at on both sides")
        self._title.setText(words.format(days=days_text(report.row), n=report.row.compared))
        self._result.set(*state_of_night(report.row))
        self._report.show_rows()
        if not report.differences:
            agree = self.tr("Both sides agree in everything")
            self._report.show_empty(agree if over else self.tr("There is no report yet"))

    def _run(self) -> None:
        today = self._clock().astimezone(self._zone).date()
        self.state.run(today - timedelta(days=self.days.value() or 0), today)

    def _on_asked(self, row: ReconciliationRow) -> None:
        words = self.tr("{days} are compared as soon as Paystack can be reached.")
        self.notice.say(Kind.INFO, words.format(days=days_text(row)))

    def _print(self) -> None:
        report = self.state.report
        if report is None:
            return
        printer, name, zone = self._printer, self._clinic.name, self._zone
        self._background.run(
            lambda: print_report(printer, report, clinic_name=name, zone=zone), self._on_printed
        )

    def _on_printed(self, outcome: PrintOutcome) -> None:
        self.notice.say(Kind.INFO if outcome.printed else Kind.WARNING, outcome.message)
