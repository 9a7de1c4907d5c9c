"""The same rows by bare psycopg: one transaction a request, one plain statement a row, nothing checked.

`bench_throughput` compares, table by table, what one request and one of these transactions have written.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from hms_server.contract.values import ProductId
from hms_server.contract.vitals import VitalSign
from tests.benchmarks.acts import DIAGNOSIS, NAME_OF, NOTE, SIGNS, Act, Subject

Connection = psycopg.Connection[Any]
STAFF, DEVICE, SESSION = 1, 1, 1
ANSWER, BODY = bytes(400), bytes(60)
"""As long as a real answer, and a real event."""


def write(connection: Connection, act: Act, subject: Subject, products: Sequence[ProductId]) -> UUID:
    """One transaction; the id under which its `request` row is stored."""
    request_id, now = uuid4(), datetime.now(UTC)
    with connection.transaction():
        if act is Act.SIGN:
            _sign(connection, subject, products, now=now)
        else:
            WRITERS[act](connection, subject, now)
        _record(connection, act, subject, request_id=request_id, now=now)
    return request_id


def _check_in(connection: Connection, subject: Subject, now: datetime) -> None:
    encounter_id = _id(connection, ENCOUNTER, (subject.patient_id, "Fever", now))
    connection.execute(SEEN, (subject.patient_id, now, ["ada", "obi"]))
    _ticket(connection, "T", Subject(subject.patient_id, encounter_id), now=now)


def _vitals(connection: Connection, subject: Subject, now: datetime) -> None:
    set_id = _id(connection, VITAL_SIGNS, (subject.encounter_id, subject.patient_id, now, STAFF))
    for sign, value in SIGNS.items():
        row = (subject.patient_id, subject.encounter_id, set_id, sign, VitalSign(sign).name, value, now)
        connection.execute(OBSERVATION, row)
    _send_on(connection, "D", subject, now=now)


def _sign(connection: Connection, subject: Subject, products: Sequence[ProductId], *, now: datetime) -> None:
    for product_id in products:
        row = (subject.encounter_id, subject.patient_id, product_id, STAFF, now)
        connection.execute(MEDICATION, row)
    diagnosis = (subject.patient_id, subject.encounter_id, DIAGNOSIS.code, DIAGNOSIS.display, now, STAFF)
    connection.execute(CONDITION, diagnosis)
    note = (NOTE.subjective, NOTE.objective, NOTE.assessment, NOTE.plan)
    connection.execute(NOTE_ROW, (subject.encounter_id, *note, now, STAFF))
    connection.execute(FINISH, (now, STAFF, subject.encounter_id))
    invoice_id = _id(connection, INVOICE, (str(uuid4()), subject.encounter_id, subject.patient_id, now))
    connection.execute(CHARGE, (invoice_id, subject.encounter_id, now))
    entry_id = _id(connection, ENTRY, (invoice_id, now, STAFF))
    for account, amount_minor in (("consultation-income", -200_000), ("patients-receivable", 200_000)):
        connection.execute(POSTING, (entry_id, account, amount_minor))
    _send_on(connection, "P", subject, now=now)


WRITERS: dict[Act, Callable[[Connection, Subject, datetime], None]] = {
    Act.CHECK_IN: _check_in,
    Act.VITALS: _vitals,
}


def _send_on(connection: Connection, service: str, subject: Subject, *, now: datetime) -> None:
    connection.execute(CLOSE, (now, subject.ticket_id))
    connection.execute(CHANGE, (subject.ticket_id, now, STAFF))
    _ticket(connection, service, subject, now=now)


def _ticket(connection: Connection, service: str, subject: Subject, *, now: datetime) -> None:
    number = _id(connection, COUNT, (_today(now), service))
    row = (subject.encounter_id, subject.patient_id, service, _today(now), number, now)
    connection.execute(TICKET, (*row, STAFF, subject.ticket_id or None))


def _record(connection: Connection, act: Act, subject: Subject, *, request_id: UUID, now: datetime) -> None:
    connection.execute(
        AUDIT, (now, STAFF, DEVICE, SESSION, request_id, NAME_OF[act], [subject.patient_id] * 2)
    )
    for name in EVENTS[act]:
        connection.execute(EVENT, (name, now, BODY))
    connection.execute(REQUEST, (request_id, NAME_OF[act], STAFF, bytes(16), ANSWER, now))


def _id(connection: Connection, statement: Any, row: tuple[Any, ...]) -> Any:
    found = connection.execute(statement, row).fetchone()
    assert found is not None
    return found[0]


def _today(now: datetime) -> date:
    # A day of its own keeps these numbers apart from the tickets that the server gives.
    return now.date().replace(year=now.year - 1, day=1)


EVENTS = {
    Act.CHECK_IN: ("EncounterOpened", "QueueChanged"),
    Act.VITALS: ("QueueChanged", "QueueChanged", "VitalSignsRecorded"),
    Act.SIGN: (
        "EncounterFinished",
        "EncounterSigned",
        "InvoiceChanged",
        "ChartChanged",
        "MedicationPrescribed",
        "QueueChanged",
        "QueueChanged",
    ),
}
ENCOUNTER = "insert into encounter (patient_id, reason, started_at) values (%s, %s, %s) returning id"
SEEN = """
insert into patient_seen (patient_id, seen_at, words) values (%s, %s, %s)
on conflict (patient_id) do update set seen_at = excluded.seen_at
"""
COUNT = """
insert into ticket_counter (day, service, last) values (%s, %s, 1)
on conflict (day, service) do update set last = ticket_counter.last + 1 returning last
"""
TICKET = """
insert into ticket (encounter_id, patient_id, service, day, number, priority, special_need, queued_at,
    issued_by, moved_from)
values (%s, %s, %s, %s, %s, 3, 9, %s, %s, %s)
"""
CLOSE = "update ticket set state = 'done', ended_at = %s, version = version + 1 where id = %s"
CHANGE = """
insert into ticket_change (ticket_id, at, staff_id, from_state, kind, to_state)
values (%s, %s, %s, 'waiting', 'moved', 'done')
"""
VITAL_SIGNS = """
insert into vital_signs (encounter_id, patient_id, recorded_at, recorded_by, consciousness, on_oxygen,
    spo2_scale, news2_total, news2_state, risk)
values (%s, %s, %s, %s, 'alert', false, 1, 0, 'complete', 'low') returning id
"""
OBSERVATION = """
insert into observation (patient_id, encounter_id, vital_signs_id, code, display, value, unit, effective_at)
values (%s, %s, %s, %s, %s, %s, 'unit', %s)
"""
MEDICATION = """
insert into medication_request (encounter_id, patient_id, product_id, product_text, dose, frequency, days,
    quantity, directions, prescriber_id, authored_at)
values (%s, %s, %s, 'Medicine 500 mg tablet', 1, 'TDS', 5, 15, '1 tablet three times a day', %s, %s)
"""
CONDITION = """
insert into condition (patient_id, encounter_id, code, display, recorded_at, recorded_by)
values (%s, %s, %s, %s, %s, %s)
"""
NOTE_ROW = """
insert into note (encounter_id, version, subjective, objective, assessment, plan, signed_at, signed_by)
values (%s, 1, %s, %s, %s, %s, %s, %s)
"""
FINISH = """
update encounter set status = 'finished', ended_at = %s, practitioner_id = %s, version = version + 1
where id = %s
"""
INVOICE = """
insert into invoice (number, encounter_id, patient_id, currency, created_at)
values (%s, %s, %s, 'NGN', %s) returning id
"""
CHARGE = """
insert into charge_item (invoice_id, invoice_version, kind, source_id, description, quantity,
    unit_price_minor, amount_minor, at)
values (%s, 1, 'consultation', %s, 'Consultation', 1, 200000, 200000, %s)
"""
ENTRY = """
insert into journal_entry (kind, invoice_id, invoice_version, at, staff_id)
values ('charge', %s, 1, %s, %s) returning id
"""
POSTING = "insert into posting (entry_id, account, amount_minor, currency) values (%s, %s, %s, 'NGN')"
AUDIT = """
insert into audit (at, staff_id, device_id, session_id, request_id, request, outcome, patients)
values (%s, %s, %s, %s, %s, %s, 'done', %s)
"""
EVENT = "insert into event (name, audience, at, body) values (%s, 'own_session', %s, %s)"
REQUEST = """
insert into request (id, name, staff_id, body_hash, answer, at) values (%s, %s, %s, %s, %s, %s)
"""
