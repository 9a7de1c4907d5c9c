"""The columns of the list of patients who look like the one who is being registered."""

from datetime import date

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.rows import Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import age_text, born_text, date_text, sex_word
from hms_server.contract.patients import LookAlike, Resemblance
from hms_server.contract.values import PatientHeader, PatientId

NEARLY_CERTAIN = 90
LIKELY = 70


def key_of(row: LookAlike) -> PatientId:
    """What tells one row from another."""
    return row.patient.id


def look_alike_columns() -> list[Column[LookAlike]]:
    """What decides whether it is the same person."""
    return [
        Column(title=_tr("Match"), text=lambda row: f"{row.score} %", pill=_kind, tooltip=_why),
        Column(title=_tr("Patient"), text=lambda row: row.patient.name, strong=True, stretch=3),
        Column(title=_tr("Born"), text=lambda row: _born(row.patient)),
        Column(title=_tr("Phone"), text=lambda row: row.phone or _tr("none")),
        Column(
            title=_tr("Last visit"), text=lambda row: date_text(row.last_visit) if row.last_visit else "–"
        ),
    ]


def who(patient: PatientHeader, *, today: date) -> str:
    """A patient in one line: "Ada Obi · Female · 46 y · P000447-1"."""
    age = age_text(patient.birth_date, patient.birth_precision, today=today)
    return " · ".join((patient.name, sex_word(patient.sex), age, patient.number))


def _born(patient: PatientHeader) -> str:
    words = born_text(patient.birth_date, patient.birth_precision)
    return words.removeprefix(_tr("born "))


def _kind(row: LookAlike) -> Kind:
    if row.score >= NEARLY_CERTAIN:
        return Kind.DANGER
    return Kind.WARNING if row.score >= LIKELY else Kind.INFO


def _why(row: LookAlike) -> str:
    words = {
        Resemblance.SAME_NAME: _tr("same name"),
        Resemblance.SIMILAR_NAME: _tr("similar name"),
        Resemblance.SAME_BIRTH_DATE: _tr("same date of birth"),
        Resemblance.DAY_AND_MONTH_SWAPPED: _tr("day and month swapped"),
        Resemblance.SIMILAR_AGE: _tr("similar age"),
        Resemblance.SAME_PHONE: _tr("same phone"),
        Resemblance.SAME_NATIONAL_ID: _tr("same national ID"),
    }
    return ", ".join(words[why] for why in row.why)


def _tr(text: str) -> str:
    return QCoreApplication.translate("patients", text)
