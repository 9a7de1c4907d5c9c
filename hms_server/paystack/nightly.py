"""When the books are compared: each night by itself, and whenever somebody asks; and the reports."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from hms_server.contract.reconciliation import (
    Difference,
    GetReconciliation,
    ListReconciliations,
    ReconciledSum,
    Reconciliation,
    ReconciliationId,
    ReconciliationRow,
    Reconciliations,
    ReconciliationState,
    RunReconciliation,
)
from hms_server.contract.values import PatientId, Person, StaffId
from hms_server.faults import Refused
from hms_server.paystack import faults
from hms_server.paystack.provider import NAME
from hms_server.relay.ground import Ground
from hms_server.relay.jobs import ask_outside
from hms_server.relay.kinds import NewJob
from hms_server.work import Work

RECONCILE = "paystack.reconcile"
LOOK_BACK_DAYS = 8
"""A payment that was begun so long ago may still succeed late, and is posted by the night's comparison."""
MAX_DAYS = 62
MAX_LISTED = 60


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Names the comparison."""

    reconciliation_id: ReconciliationId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReconciliation:
    id: ReconciliationId
    first_day: date
    last_day: date
    state: str
    asked_at: datetime
    asked_by: StaffId | None
    asked_by_name: str | None
    finished_at: datetime | None
    compared: int
    differences: int
    sums: Any
    why: str

    def row(self) -> ReconciliationRow:
        person = None
        if self.asked_by is not None:
            person = Person(id=self.asked_by, name=self.asked_by_name or "")
        return ReconciliationRow(
            id=self.id,
            first_day=self.first_day,
            last_day=self.last_day,
            state=ReconciliationState(self.state),
            asked_at=self.asked_at,
            asked_by=person,
            finished_at=self.finished_at,
            compared=self.compared,
            differences=self.differences,
            why=self.why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredDifference:
    kind: str
    reference: str
    ours: str
    theirs: str
    sentence: str
    mended: bool
    task_id: int | None
    invoice_id: int | None
    encounter_id: int | None
    patient_id: PatientId | None


def ask_next(work: Work) -> None:
    """Sees to it that the coming night has its comparison; asked often, stored once a night."""
    row = work.connection.execute(ADD_NIGHT, {"now": work.now, "days": LOOK_BACK_DAYS}).fetchone()
    if row is None:
        return
    reconciliation_id, run_at, last_day = row
    _ask(work, reconciliation_id, run_at=run_at, words=f"Compare with Paystack's list up to {last_day}")


def ask_at_once(work: Work) -> None:
    """The books are compared now, once for all who ask in the same while."""
    row = work.connection.execute(ADD_AT_ONCE, {"now": work.now, "days": LOOK_BACK_DAYS}).fetchone()
    if row is not None:
        _ask(work, row[0], run_at=work.now, words="Compare with Paystack's list: a notice is not explained")


class Comparing:
    """The request that needs to know whether Paystack is set up."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers

    def run_reconciliation(self, work: Work, request: RunReconciliation) -> ReconciliationRow:
        """Stores the wish; the job fetches the list as soon as Paystack can be reached."""
        if not self._providers.enabled(work, NAME):
            raise faults.switched_off()
        today = work.value(TODAY, (work.now,))
        if request.first_day > request.last_day:
            raise Refused("paystack.days", "The first day comes after the last.", field="first_day")
        if request.last_day > today:
            raise Refused("paystack.days", "That day is still to come.", field="last_day")
        if request.last_day - request.first_day >= timedelta(days=MAX_DAYS):
            raise Refused("paystack.days", f"Compare at most {MAX_DAYS} days at once.", field="first_day")
        params = {
            "first_day": request.first_day,
            "last_day": request.last_day,
            "now": work.now,
            "by": work.actor.person.id,
        }
        reconciliation_id = ReconciliationId(work.value(ADD, params))
        words = f"Compare with Paystack's list from {request.first_day} to {request.last_day}"
        _ask(work, reconciliation_id, run_at=work.now, words=words)
        return find_reconciliation(work, reconciliation_id).row()


def list_reconciliations(work: Work, _: ListReconciliations) -> Reconciliations:
    """What was compared lately, and what waits."""
    stored = work.rows(StoredReconciliation, f"{RUN} order by run.id desc limit %s", (MAX_LISTED,))
    return Reconciliations([one.row() for one in stored])


def get_reconciliation(work: Work, request: GetReconciliation) -> Reconciliation:
    """The report of one comparison."""
    stored = find_reconciliation(work, request.reconciliation_id)
    rows = work.rows(_StoredDifference, DIFFERENCES, (request.reconciliation_id,))
    work.concerns(*(row.patient_id for row in rows if row.patient_id is not None))
    return Reconciliation(
        row=stored.row(),
        differences=[msgspec.convert(row, Difference, from_attributes=True) for row in rows],
        sums=msgspec.convert(stored.sums, list[ReconciledSum]),
    )


def find_reconciliation(work: Work, reconciliation_id: ReconciliationId) -> StoredReconciliation:
    """Refused where there is none."""
    stored = work.one(StoredReconciliation, f"{RUN} where run.id = %s", (reconciliation_id,))
    if stored is None:
        raise faults.unknown_reconciliation()
    return stored


def _ask(work: Work, reconciliation_id: ReconciliationId, *, run_at: datetime, words: str) -> None:
    payload = Compared(reconciliation_id=reconciliation_id)
    job = NewJob(kind=RECONCILE, key=str(reconciliation_id), payload=payload, summary=words, run_at=run_at)
    ask_outside(work, job)


# Half past two in the clinic's night: its own day is over, and so is Paystack's, wherever they keep time.
ADD_NIGHT = """
with local as (
    select (%(now)s at time zone time_zone - interval '2 hours 30 minutes')::date + 1 as night, time_zone
    from clinic
)
insert into reconciliation (night, first_day, last_day, asked_at)
select night, night - %(days)s::int, night - 1, %(now)s from local
on conflict on constraint reconciliation_night_once do nothing
returning id, (select (night + interval '2 hours 30 minutes') at time zone time_zone from local), last_day
"""

ADD_AT_ONCE = """
insert into reconciliation (first_day, last_day, asked_at)
select day - %(days)s::int, day, %(now)s
from (select (%(now)s at time zone time_zone)::date as day from clinic) as today
where not exists (
    select from reconciliation
    where night is null and asked_by is null and state = 'waiting' and last_day = day)
returning id
"""

ADD = """
insert into reconciliation (first_day, last_day, asked_at, asked_by)
values (%(first_day)s, %(last_day)s, %(now)s, %(by)s)
returning id
"""

TODAY = "select (%s at time zone time_zone)::date from clinic"

RUN = """
select run.id, first_day, last_day, state, asked_at, asked_by, staff.name as asked_by_name, finished_at,
    compared, (select count(*) from reconciliation_difference where reconciliation_id = run.id)
        as differences, sums, why
from reconciliation as run left join staff on staff.id = asked_by
"""

DIFFERENCES = """
select kind, reference, ours, theirs, sentence, mended, task_id, difference.invoice_id, encounter_id,
    patient_id
from reconciliation_difference as difference left join invoice on invoice.id = difference.invoice_id
where reconciliation_id = %s order by difference.id
"""
