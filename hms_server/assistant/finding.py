"""Functions that find people: a patient by name, and those of today."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hms_server.assistant.functions import Arguments, Case, Found
from hms_server.assistant.rules import age_words
from hms_server.contract.patients import SearchPatients
from hms_server.contract.scheduling import AppointmentRow, AppointmentStatus, ListAppointments
from hms_server.contract.suggestions import FoundPatients
from hms_server.contract.values import PatientHeader
from hms_server.contract.visits import ListQueue, TicketRow
from hms_server.permissions import Permission

MAX_FOUND = 10
MAX_LISTED = 40
LEFT_OUT = "{count} more are not told here, because those patients have not agreed to it."


def find_patient(case: Case, given: Arguments) -> Found:
    """By parts of names in any order, a patient number or a phone."""
    text = given.needed("name", "whom to look for")
    hits = case.asker.ask(SearchPatients(text=text, limit=MAX_FOUND)).patients
    told = [patient for patient in hits if case.may_leave(patient.id)]
    data: dict[str, Any] = {"patients": [_person(case, patient) for patient in told]}
    _say_left_out(data, len(hits) - len(told))
    return Found(
        data=data,
        lines=[f"{patient.name}, {patient.number}" for patient in hits] or ["Nobody was found."],
        attachments=[FoundPatients(patients=hits)] if hits else [],
        about=tuple(patient.id for patient in told),
    )


def todays_list(case: Case, _: Arguments) -> Found:
    """Who waits for this person, and the appointments of today."""
    tickets = case.asker.ask(ListQueue(mine=True)).tickets[:MAX_LISTED]
    appointments: Sequence[AppointmentRow] = ()
    if Permission.APPOINTMENTS_READ in case.asker.actor.permissions:
        standing = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
        listed = case.asker.ask(ListAppointments()).appointments
        appointments = [row for row in listed if row.status in standing][:MAX_LISTED]
    waiting = [row for row in tickets if case.may_leave(row.patient.id)]
    booked = [row for row in appointments if case.may_leave(row.patient.id)]
    data: dict[str, Any] = {
        "waiting": [_ticket(case, row) for row in waiting],
        "appointments": [_appointment(case, row) for row in booked],
    }
    _say_left_out(data, len(tickets) - len(waiting) + len(appointments) - len(booked))
    lines = [
        f"{row.code}  {row.patient.name}, waiting since {_clock(case, row.queued_at)}" for row in tickets
    ]
    lines += [
        f"{_clock(case, row.starts_at)}  {row.patient.name} with {row.practitioner.name}"
        for row in appointments
    ]
    people = [row.patient for row in waiting] + [row.patient for row in booked]
    return Found(
        data=data,
        lines=lines or ["Nobody is waiting, and nothing is booked for today."],
        about=tuple(dict.fromkeys(patient.id for patient in people)),
    )


def _person(case: Case, patient: PatientHeader) -> dict[str, Any]:
    return {
        "patient": patient.name,
        "sex": patient.sex.value,
        "age": age_words(patient.birth_date, case.today),
        "deceased": patient.deceased,
    }


def _ticket(case: Case, row: TicketRow) -> dict[str, Any]:
    return {
        "ticket": row.code,
        "patient": row.patient.name,
        "age": age_words(row.patient.birth_date, case.today),
        "queue": row.service,
        "state": row.state.value,
        "note": row.note,
        "since": _clock(case, row.queued_at),
    }


def _appointment(case: Case, row: AppointmentRow) -> dict[str, Any]:
    mark = case.sources.mark(
        "appointment", row.id, "Appointment today", patient_id=row.patient.id, at=row.starts_at
    )
    return {
        "time": _clock(case, row.starts_at),
        "patient": row.patient.name,
        "doctor": row.practitioner.name,
        "reason": row.reason,
        "status": row.status.value,
        "source": mark,
    }


def _clock(case: Case, at: datetime) -> str:
    return f"{at.astimezone(case.zone):%H:%M}"


def _say_left_out(data: dict[str, Any], count: int) -> None:
    if count:
        data["left_out"] = LEFT_OUT.format(count=count)
