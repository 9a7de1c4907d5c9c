"""The jobs outside: which wait, run, are done or have failed, why, and letting one run or calling it off."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.relay.state import JobsState, OutsideState
from hms_desktop.relay.table import job_columns
from hms_desktop.relay.words import state_word
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.one_of import one_of
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.words import since_text
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import JobRow, Jobs, JobState

FILTER_WIDTH = 190
RETRIED = frozenset({JobState.WAITING, JobState.FAILED})
CALLED_OFF = frozenset({JobState.WAITING, JobState.RUNNING})


class JobsPanel(QWidget):
    """Calling off cannot be taken back, so it names the job and is asked once, inside the page."""

    def __init__(
        self,
        session: Session,
        *,
        outside: OutsideState,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self._outside = outside
        self._titles: dict[str, str] = {}
        self._choices: list[tuple[str, str]] = []
        self._counts: dict[str, int] = {}
        self._asked_about: JobRow | None = None
        self.state = JobsState(session, parent=self)
        columns = job_columns(zone=zone, clock=clock, title_of=self._title_of)
        self._model: RowsModel[JobRow] = RowsModel(columns, key=lambda job: job.id, parent=self)
        self.table: TableView[JobRow] = TableView(self._model, name=self.tr("Jobs"))
        self._list = ListState(self.table, empty="")
        self.filters = {state: SecondaryButton("") for state in (None, *JobState)}
        self.destination: ChoiceField[str] = ChoiceField("", [("", self.tr("All outside"))])
        self.notice = Notice()
        self._more = label("", TextRole.MUTED)
        self._detail = label("", TextRole.MUTED, wraps=True)
        self._why = label("", wraps=True)
        self.run_button = SecondaryButton(self.tr("Run now"), key="F6", icon_name="play-outline")
        self.cancel_button = SecondaryButton(self.tr("Call off"), key="F7", icon_name="close-circle-outline")
        self._lay_out()
        self._connect()
        self._show_filters()
        self._show_titles()
        self._show_chosen()
        self._list.show_loading()

    def take_focus(self) -> None:
        """The focus goes to the list."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_failed(self) -> None:
        """Shows what was given up, wherever the person comes from."""
        self.destination.set_value("")
        self.filters[JobState.FAILED].setChecked(True)
        self._choose()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.set_seen(seen=True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.set_seen(seen=False)

    def _lay_out(self) -> None:
        card = Card(self.tr("Jobs"))
        card.add_to_heading(self._more)
        card.add(self._filter_row())
        card.add(self._list, stretch=1)
        card.add(self.notice)
        card.add(self._detail)
        card.add(self._why)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.run_button)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        card.add(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)

    def _filter_row(self) -> QHBoxLayout:
        flow = one_of(self.filters.values(), owner=self)
        for button in self.filters.values():
            button.clicked.connect(self._choose)
        self.filters[None].setChecked(True)
        self.destination.editor.setAccessibleName(self.tr("Outside"))
        self.destination.set_value("")
        self.destination.setFixedWidth(current_tokens().px(FILTER_WIDTH))
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addLayout(flow, 1)
        row.addWidget(self.destination, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.done.connect(self._on_done)
        self.state.refused.connect(self._on_refused)
        self._outside.changed.connect(self._show_titles)
        self._list.retried.connect(self.state.fetch)
        self.destination.chosen.connect(self._choose)
        self.table.chosen.connect(self._on_chosen)
        self.run_button.clicked.connect(self._run)
        self.cancel_button.clicked.connect(self._cancel)

    def _choose(self, *_: object) -> None:
        state = next((state for state, button in self.filters.items() if button.isChecked()), None)
        self.state.choose(state=state, destination=self.destination.value() or None)

    def _on_came(self, jobs: Jobs) -> None:
        self._counts = jobs.counts
        self._remember({job.destination for job in jobs.rows})
        self._model.replace(jobs.rows)
        # "Next try" is said by the clock, which no change of a row announces.
        self.table.viewport().update()
        if jobs.rows:
            self._list.show_rows()
        else:
            self._list.show_empty(self._empty_words())
        self._show_filters()
        self._show_more(len(jobs.rows))
        self._show_chosen()

    def _empty_words(self) -> str:
        if self.state.state is None and self.state.destination is None:
            return self.tr("Nothing was sent outside yet")
        return self.tr("There is no such job")

    def _show_filters(self) -> None:
        for state, button in self.filters.items():
            count = self._counts.get(state, 0) if state else sum(self._counts.values())
            words = state_word(state)[0] if state else self.tr("All")
            button.set_words(f"{words} {count}")

    def _show_more(self, shown: int) -> None:
        state = self.state.state
        among = self._counts.get(state, 0) if state else sum(self._counts.values())
        words = self.tr("The last {shown} of {among}").format(shown=shown, among=among)
        self._more.setText(words if shown < among else "")

    def _show_titles(self) -> None:
        self._titles.update({row.destination: row.title for row in self._outside.rows or ()})
        self._remember(())

    def _remember(self, names: Iterable[str]) -> None:
        """Offers these as a filter too: jobs stay where their destination was switched off."""
        for name in names:
            if name:
                self._titles.setdefault(name, name)
        choices = sorted(self._titles.items(), key=lambda one: one[1].lower())
        if choices != self._choices:
            # Not more often than needed: whoever has the list open just now loses their place in it.
            self._choices = choices
            self.destination.set_choices([("", self.tr("All outside")), *choices])

    def _title_of(self, destination: str) -> str:
        return self._titles.get(destination, destination)

    def _on_chosen(self, job: JobRow | None) -> None:
        # A question about one job must never act on another.
        if self._asked_about is not None and (job is None or job.id != self._asked_about.id):
            self._stay()
        self._show_chosen()

    def _show_chosen(self) -> None:
        job = self.table.chosen_row()
        self.run_button.setEnabled(job is not None and job.state in RETRIED)
        self.cancel_button.setEnabled(job is not None and job.state in CALLED_OFF)
        self._detail.setText("" if job is None else self._detail_of(job))
        self._why.setText("" if job is None else job.why)
        self._detail.setHidden(job is None)
        self._why.setHidden(job is None or not job.why)

    def _detail_of(self, job: JobRow) -> str:
        words = self.tr("Job {number}, asked for {time} by {name} ({kind})")
        return words.format(
            number=job.id,
            time=since_text(job.asked_at, zone=self._zone, now=self._clock()),
            name=job.asked_by,
            kind=job.kind,
        )

    def _run(self) -> None:
        job = self.table.chosen_row()
        if job is not None and job.state in RETRIED:
            self._stay()
            self.state.retry(job)

    def _cancel(self) -> None:
        job = self.table.chosen_row()
        if job is None or job.state not in CALLED_OFF:
            return
        if self._asked_about is not None:
            self._stay()
            self.state.cancel(job)
            return
        self._asked_about = job
        title = self.tr("Call off “{job}” for good?").format(job=job.summary)
        sentence = self.tr(
            "It will never be sent; whoever asked for it has to ask anew. F7 again calls it off."
        )
        if job.state is JobState.RUNNING:
            sentence = self.tr("It runs just now and may have arrived already. F7 again tells it to stop.")
        actions = [
            Action(self.tr("Call off"), self._cancel),
            Action(self.tr("Keep"), self._keep, key="Esc"),
        ]
        self.notice.say(Kind.WARNING, title, sentence, actions=actions)

    def _keep(self) -> None:
        self._stay()
        self.take_focus()

    def _stay(self) -> None:
        if self._asked_about is not None:
            self._asked_about = None
            self.notice.take_back()

    def _on_done(self, sentence: str) -> None:
        self._stay()
        self.notice.say(Kind.OK, sentence)

    def _on_refused(self, fault: Fault) -> None:
        self._stay()
        self.notice.say(Kind.WARNING, fault.message)
