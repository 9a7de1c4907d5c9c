"""What the desktop knows of the world outside: who can be reached, which jobs there are, which providers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Link, Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.relay import (
    CancelJob,
    GetReachability,
    JobChanged,
    JobGivenUp,
    JobRow,
    Jobs,
    JobState,
    ListJobs,
    ListProviders,
    ProviderRow,
    Providers,
    Reachabilities,
    Reachability,
    ReachabilityChanged,
    RetryJob,
    SetProvider,
)

GATHER_MS = 300
"""While hundreds of jobs run, each of them says so twice: one fetch answers them all."""
AGAIN_MS = 30_000
"""After a failure nobody is asked for: the status bar asks again by itself."""
CALM_MS = 15_000
"""A job that tries in vain emits nothing: its count of tries is fetched at this pace while it is seen."""
RECENT = timedelta(days=7)
"""What was given up longer ago is not news at sign-in any more; it stays in the list."""


class OutsideState(QObject):
    """One for each signed-in person: who outside can be reached, as the server measures it.

    `rows` is None while that is not known, such as without a link to the server: an old answer is no
    answer to whether something can be reached now.
    """

    changed = Signal()
    """`rows` are new."""
    given_up = Signal(object)
    """A list of `JobGivenUp` that came in one breath; only an administrator is told."""
    left_over = Signal(int)
    """So many jobs were given up lately; told once, after `tell_left_over`."""

    def __init__(
        self, session: Session, *, clock: Callable[[], datetime], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._clock = clock
        self.rows: list[Reachability] | None = None
        self._linked = session.link is None or session.link.connected
        self._asked = 0
        self._told_meanwhile: dict[str, Reachability] = {}
        self._news: list[JobGivenUp] = []
        self._wishes_failed = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._tell_news)
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.reload)
        session.link_changed.connect(self._on_link)

    @property
    def test_titles(self) -> list[str]:
        """Who is in test mode, by title: there nothing that is done is real."""
        return [row.title for row in self.rows or () if row.test_mode]

    def reload(self) -> None:
        """Fetches the state of all destinations now."""
        self._asked += 1
        number = self._asked
        self._told_meanwhile = {}
        self._again.stop()
        self._session.ask(
            GetReachability(),
            done=lambda answer: self._on_rows(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def wish_failed(self) -> None:
        """Somebody wants to see what was given up, as soon as there is a list to show it."""
        self._wishes_failed = True

    def take_wish(self) -> bool:
        """Whether that was wished; asked once by the list that fulfils it."""
        wished, self._wishes_failed = self._wishes_failed, False
        return wished

    def tell_left_over(self) -> None:
        """At sign-in of an administrator: what was given up while nobody looked."""
        self._session.ask(
            ListJobs(state=JobState.FAILED), done=self._on_left_over, failed=self._on_quiet_failure
        )

    def _on_rows(self, number: int, answer: Reachabilities) -> None:
        if number != self._asked or not self._linked:
            return
        self.rows = answer.rows
        # The answer may be older than an event that overtook it, never the other way round for long: what
        # changed after such an event is told by the next one.
        for row in self._told_meanwhile.values():
            self._put(row)
        self._told_meanwhile = {}
        self.changed.emit()

    def _on_failed(self, number: int, _fault: Fault) -> None:
        if number == self._asked:
            self._forget()
            self._again.start()

    def _on_quiet_failure(self, _fault: Fault) -> None:
        # The list of jobs says it when it is opened.
        return

    def _on_left_over(self, answer: Jobs) -> None:
        after = self._clock() - RECENT
        count = sum(row.since >= after for row in answer.rows)
        if count:
            self.left_over.emit(count)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, JobGivenUp):
            self._news.append(event)
            if not self._gather.isActive():
                self._gather.start()
        elif isinstance(event, ReachabilityChanged):
            self._told_meanwhile[event.row.destination] = event.row
            if self.rows is not None:
                self._put(event.row)
                self.changed.emit()

    def _on_link(self, link: Link) -> None:
        if link.connected == self._linked:
            return
        self._linked = link.connected
        if self._linked:
            self.reload()
        else:
            self._forget()

    def _forget(self) -> None:
        self.rows = None
        self.changed.emit()

    def _put(self, new: Reachability) -> None:
        rows = [new if row.destination == new.destination else row for row in self.rows or ()]
        if new not in rows:
            rows.append(new)
        self.rows = [row for row in rows if row.switched_on]

    def _tell_news(self) -> None:
        news, self._news = self._news, []
        self.given_up.emit(news)


class JobsState(QObject):
    """The list of jobs for an administrator, as far as the filter lets them through."""

    came = Signal(object)
    """`Jobs`."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""
    done = Signal(str)
    """What was done, as a sentence."""
    refused = Signal(object)
    """A `Fault`: nothing was done."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.state: JobState | None = None
        self.destination: str | None = None
        self._seen = False
        self._asked = 0
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.fetch)
        self._calm = QTimer(self, interval=CALM_MS)
        self._calm.timeout.connect(self.fetch)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    def choose(self, *, state: JobState | None, destination: str | None) -> None:
        """Shows only those; None lets all through."""
        self.state, self.destination = state, destination
        self.fetch()

    def set_seen(self, *, seen: bool) -> None:
        """While nobody looks, nothing is fetched."""
        self._seen = seen
        if seen:
            self.fetch()
            self._calm.start()
        else:
            self._calm.stop()
            self._gather.stop()

    def mark_stale(self) -> None:
        """Something has changed: the list is fetched a moment later, once for all that happens till then."""
        if self._seen and not self._gather.isActive():
            self._gather.start()

    def fetch(self) -> None:
        """Fetches the list now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListJobs(state=self.state, destination=self.destination),
            done=lambda answer: self._on_jobs(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def cancel(self, job: JobRow) -> None:
        """Calls a job off: one that waits never runs."""
        stopping = self.tr("“{job}” is told to stop; how it ended is shown in a moment.")
        gone = self.tr("“{job}” is called off.")
        sentence = stopping if job.state is JobState.RUNNING else gone
        self._session.save(
            CancelJob(job_id=job.id),
            done=lambda answer: self._on_done(sentence.format(job=job.summary), answer),
            failed=self._on_refused,
            owner=self,
        )

    def retry(self, job: JobRow) -> None:
        """Lets a job that waits or has failed run now."""
        sentence = self.tr("“{job}” runs as soon as it can.").format(job=job.summary)
        self._session.save(
            RetryJob(job_id=job.id),
            done=lambda answer: self._on_done(sentence, answer),
            failed=self._on_refused,
            owner=self,
        )

    def _on_jobs(self, number: int, answer: Jobs) -> None:
        if number == self._asked:
            self.came.emit(answer)

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.failed.emit(fault)

    def _on_done(self, sentence: str, _answer: Nothing) -> None:
        self.done.emit(sentence)
        self.mark_stale()

    def _on_refused(self, fault: Fault) -> None:
        self.refused.emit(fault)
        # It may have run, or ended, while somebody was looking at it.
        self.mark_stale()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, JobChanged | JobGivenUp | ReachabilityChanged):
            self.mark_stale()


class ProvidersState(QObject):
    """The providers as they were entered; a secret passes through once, on its way in."""

    came = Signal(object)
    """A list of `ProviderRow`."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""
    stored = Signal(object, object)
    """The `SetProvider` that was asked for, and the `ProviderRow` as it is now."""
    refused = Signal(object, object)
    """The `SetProvider` that was asked for, and the `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._known: dict[str, ProviderRow] = {}
        self._asked = 0
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.fetch)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def fetch(self) -> None:
        """Fetches the list now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListProviders(),
            done=lambda answer: self._on_list(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def store(self, request: SetProvider) -> None:
        """Stores one provider's form."""
        self._session.save(
            request,
            done=lambda row: self._on_stored(request, row),
            failed=lambda fault: self.refused.emit(request, fault),
            owner=self,
        )

    def _on_list(self, number: int, answer: Providers) -> None:
        if number == self._asked:
            self._known = {row.name: row for row in answer.rows}
            self.came.emit(answer.rows)

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.failed.emit(fault)

    def _on_stored(self, request: SetProvider, row: ProviderRow) -> None:
        # A list that is on its way may be older than this row.
        self._asked += 1
        self._known[row.name] = row
        self.stored.emit(request, row)

    def _on_event(self, event: Event) -> None:
        """Another administrator who switches a provider is seen by what becomes of its destination."""
        if not isinstance(event, ReachabilityChanged):
            return
        known = self._known.get(event.row.destination)
        told = (event.row.switched_on, event.row.test_mode)
        if known is not None and told != (known.enabled, known.test_mode):
            self._gather.start()
