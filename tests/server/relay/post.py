"""A made-up provider with parcels for jobs: it answers as a test tells it to, and keeps what arrives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from hms_server.contract.relay import JobRow, ListJobs, Trouble
from hms_server.contract.values import Role
from hms_server.relay import jobs
from hms_server.relay.kinds import Claimed, Destination, Finished, JobKind, NewJob, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work
from tests.server.desk import Desk

ADMIN = Role.ADMINISTRATOR


class Parcel(msgspec.Struct, frozen=True):
    number: int


@dataclass
class Post:
    """A made-up provider: it keeps what arrives, and answers as it was told."""

    answers: list[Exception | Next] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    uncertain: list[bool] = field(default_factory=list)
    stored: list[Any] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    store_mistakes: list[Exception] = field(default_factory=list)
    during: Callable[[], object] = lambda: None
    """What happens elsewhere while the call is under way."""
    ready: Callable[[Claimed[Parcel]], Any] = lambda job: job.payload.number

    def kind(self, **policy: Any) -> JobKind[Parcel, Any, Any]:
        return JobKind(
            name="post.parcel",
            destination="post",
            payload=Parcel,
            prepare=self._prepare,
            perform=self._perform,
            store=self._store,
            gave_up=lambda _work, _job, reason: self.gave_up.append(reason),
            policy=Policy(**policy),
        )

    def _prepare(self, _work: Work, job: Claimed[Parcel]) -> Any:
        self.uncertain.append(job.uncertain)
        return self.ready(job)

    def _perform(self, number: int, _outside: Outside) -> Next:
        self.arrived.append(number)
        self.during()
        answer = self.answers.pop(0) if self.answers else Finished()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _store(self, _work: Work, _job: Claimed[Parcel], result: Next) -> Next:
        if self.store_mistakes:
            raise self.store_mistakes.pop()
        self.stored.append(result)
        return result


POST = Destination(name="post", title="The post", waiting_word=("parcel waits", "parcels wait"))


def fault(trouble: Trouble, *, may_have_arrived: bool = False, **others: Any) -> OutsideFault:
    return OutsideFault(trouble, f"It is {trouble.value}.", may_have_arrived=may_have_arrived, **others)


def parcel(number: int, *, run_at: datetime | None = None) -> NewJob:
    """The job of sending that parcel."""
    return NewJob(
        kind="post.parcel",
        key=str(number),
        payload=Parcel(number),
        summary=f"Parcel {number}",
        run_at=run_at,
    )


def send(desk: Desk, number: int = 1, *, run_at: datetime | None = None) -> None:
    """Asks for it."""
    desk.act(lambda work: jobs.ask_outside(work, parcel(number, run_at=run_at)))


def only(desk: Desk) -> JobRow:
    """The one job there is."""
    [row] = desk.ask(ListJobs(), ADMIN).rows
    return row
