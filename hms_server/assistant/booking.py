"""Functions on appointments: free times, who is there when, and a proposal that a person books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from hms_server.assistant.functions import Arguments, Case, Found, header_of
from hms_server.assistant.rules import day_words, time_words
from hms_server.contract.scheduling import (
    FindSlots,
    GetAvailability,
    ListSpecialities,
    PractitionerAvailability,
    Slot,
    Speciality,
)
from hms_server.contract.suggestions import AppointmentProposal, FreeSlots
from hms_server.contract.values import PatientId, Person, StaffId
from hms_server.faults import Refused
from hms_server.patients.names import fold, words_of

MAX_SLOTS = 8
MAX_ALTERNATIVES = 4
MAX_REASON = 500


@dataclass(frozen=True)
class _Meant:
    """Whom the words mean: certain doctors, a speciality, or anybody."""

    doctors: list[Person]
    speciality: Speciality | None


def next_free_slots(case: Case, given: Arguments) -> Found:
    """Soonest first, of a doctor, a speciality or anybody."""
    slots = _free(case, given)[:MAX_SLOTS]
    data = {"free": [_slot(case, slot) for slot in slots]} if slots else {"free": [], "note": "None is free."}
    return Found(
        data=data,
        lines=[_line(case, slot) for slot in slots] or ["No free time was found."],
        attachments=[FreeSlots(slots=slots)] if slots else [],
    )


def doctor_availability(case: Case, given: Arguments) -> Found:
    """By part of a name or by speciality, for the week from a day on."""
    request = GetAvailability(
        practitioner=_without_title(given.text("doctor")),
        speciality=given.text("speciality"),
        from_day=given.day("from_day"),
    )
    found = case.asker.ask(request).practitioners
    return Found(
        data={"doctors": [_doctor(one) for one in found]} if found else {"doctors": [], "note": "Nobody."},
        lines=[line for one in found for line in _availability_lines(one)] or ["Nobody was found."],
    )


def propose_appointment(case: Case, given: Arguments) -> Found:
    """The wished time if it is free, else the nearest; booked only by a person on the ordinary form."""
    patient_id = given.the_patient()
    free = _free(case, given, patient_id=patient_id)
    wished = _wished(case, given)
    if not free:
        return Found(
            data={"note": "No time is free."}, lines=["No free time was found."], about=(patient_id,)
        )
    chosen = min(free, key=lambda slot: abs(slot.starts_at - wished)) if wished else free[0]
    conflict = ""
    if wished and chosen.starts_at != wished:
        conflict = f"{time_words(wished, case.zone)} is not free; this is the nearest time that is."
    near = wished or chosen.starts_at
    others = sorted((slot for slot in free if slot != chosen), key=lambda slot: abs(slot.starts_at - near))
    header = header_of(case, patient_id)
    proposal = case.propose(
        "appointment",
        patient_id,
        lambda id_: AppointmentProposal(
            id=id_,
            patient=header,
            slot=chosen,
            alternatives=others[:MAX_ALTERNATIVES],
            reason=given.text("reason")[:MAX_REASON],
            conflict=conflict,
        ),
    )
    data: dict[str, Any] = {
        "proposed": _slot(case, chosen),
        "alternatives": [_slot(case, slot) for slot in others[:MAX_ALTERNATIVES]],
        "note": "Shown to the person as a form. Nothing is booked until they accept it there.",
    }
    if conflict:
        data["conflict"] = "The wished time is not free; the nearest one is proposed."
    return Found(
        data=data,
        lines=[line for line in (conflict, _line(case, chosen)) if line],
        attachments=[proposal],
        about=(patient_id,),
    )


def _free(case: Case, given: Arguments, *, patient_id: PatientId | None = None) -> list[Slot]:
    """Free slots of whoever is meant, soonest first."""
    meant = _meant(case, given)
    code = meant.speciality.code if meant.speciality else None
    ids: list[StaffId | None] = [doctor.id for doctor in meant.doctors]
    found = [
        slot
        for id_ in ids or [None]
        for slot in case.asker.ask(
            FindSlots(
                practitioner_id=id_,
                speciality=code,
                from_day=given.day("from_day") or given.day("day"),
                patient_id=patient_id,
                limit=60,
            )
        ).slots
    ]
    return sorted(found, key=lambda slot: (slot.starts_at, slot.practitioner.name))


def _meant(case: Case, given: Arguments) -> _Meant:
    doctor, speciality = _without_title(given.text("doctor")), given.text("speciality")
    doctors: list[Person] = []
    if doctor:
        listed = case.asker.ask(GetAvailability(practitioner=doctor)).practitioners
        doctors = [one.practitioner for one in listed]
        if not doctors:
            raise Refused("assistant.argument", "No doctor here has that name.", field="doctor")
    return _Meant(doctors, _speciality(case, speciality) if speciality else None)


def _speciality(case: Case, text: str) -> Speciality:
    wanted = fold(text)
    known = case.asker.ask(ListSpecialities()).specialities
    for one in known:
        if wanted in (fold(one.code), fold(one.name), *(fold(word) for word in one.words)):
            return one
    near = [one for one in known if set(words_of(text)) & set(words_of(one.name, *one.words))]
    if not near:
        raise Refused("assistant.argument", "No doctor here has that speciality.", field="speciality")
    return near[0]


def _wished(case: Case, given: Arguments) -> datetime | None:
    day, text = given.day("day"), given.text("time")
    if day is None or not text:
        return None
    try:
        return datetime.combine(day, time.fromisoformat(text.zfill(5)), case.zone)
    except ValueError:
        raise Refused("assistant.argument", "Write the time as 10:20.", field="time") from None


def _without_title(name: str) -> str:
    words = name.replace(".", " ").split()
    return " ".join(word for word in words if word.lower() not in ("dr", "doctor", "prof", "professor"))


def _slot(case: Case, slot: Slot) -> dict[str, Any]:
    local = slot.starts_at.astimezone(case.zone)
    return {
        "doctor": slot.practitioner.name,
        "day": local.date().isoformat(),
        "weekday": f"{local:%A}",
        "time": f"{local:%H:%M}",
        "room": slot.room,
        "speciality": slot.speciality or "",
    }


def _line(case: Case, slot: Slot) -> str:
    return f"{time_words(slot.starts_at, case.zone)} – {slot.practitioner.name}, {slot.room}"


def _doctor(found: PractitionerAvailability) -> dict[str, Any]:
    return {
        "doctor": found.practitioner.name,
        "specialities": found.specialities,
        "days": [
            {
                "day": one.day.isoformat(),
                "weekday": f"{one.day:%A}",
                "there": [f"{each.starts:%H:%M}–{each.ends:%H:%M}" for each in one.working],
                "free_times": one.free,
                "absent": one.absence is not None,
            }
            for one in found.days
        ],
    }


def _availability_lines(found: PractitionerAvailability) -> Sequence[str]:
    lines = [f"{found.practitioner.name}: {', '.join(found.specialities) or 'no speciality'}"]
    for one in found.days:
        hours = ", ".join(f"{each.starts:%H:%M}–{each.ends:%H:%M}" for each in one.working)
        lines.append(f"{day_words(one.day)}: {one.absence or hours}, {one.free} free")
    return lines
