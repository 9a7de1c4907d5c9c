"""What the chart refuses before it reaches the database, in sentences for the field it belongs to."""

import msgspec

from hms_server.consultations.diagnoses import DiagnosisIndex
from hms_server.contract.consultations import Diagnosis, NoteText
from hms_server.faults import Refused

MAX_SECTION_CHARACTERS = 50_000
MAX_DIAGNOSES = 30
MAX_SUBSTANCE_CHARACTERS = 200
MAX_WORDS_CHARACTERS = 500


def checked_note(text: NoteText) -> NoteText:
    """The note without blank ends; refused where a section is too long to be a note."""
    sections = {name: section.strip() for name, section in msgspec.structs.asdict(text).items()}
    for name, section in sections.items():
        if len(section) > MAX_SECTION_CHARACTERS:
            raise Refused(
                "consultations.note_long",
                f"A section of a note has at most {MAX_SECTION_CHARACTERS:,} characters; "
                f"this one has {len(section):,}.",
                field=f"text.{name}",
            )
    return NoteText(**sections)


def is_blank(text: NoteText) -> bool:
    return not any(msgspec.structs.astuple(text))


def checked_diagnoses(diagnoses: list[Diagnosis], index: DiagnosisIndex) -> list[Diagnosis]:
    """Each with the name that belongs to its code, each once, in the order given."""
    if len(diagnoses) > MAX_DIAGNOSES:
        raise Refused(
            "consultations.too_many_diagnoses",
            f"A visit has at most {MAX_DIAGNOSES} diagnoses; these are {len(diagnoses)}.",
            field="diagnoses",
        )
    known = [_known(diagnosis, number, index) for number, diagnosis in enumerate(diagnoses)]
    return list({diagnosis.code: diagnosis for diagnosis in known}.values())


def _known(diagnosis: Diagnosis, number: int, index: DiagnosisIndex) -> Diagnosis:
    found = index.find(diagnosis.code)
    if found is None:
        raise Refused(
            "consultations.diagnosis_unknown",
            f"ICD-10 has no code {diagnosis.code!r}. Choose the diagnosis from the list.",
            field=f"diagnoses.{number}.code",
        )
    return found


def required_words(text: str, *, field: str, what: str, at_most: int = MAX_WORDS_CHARACTERS) -> str:
    """The words without blank ends; refused where there are none or too many."""
    words = text.strip()
    if not words:
        raise Refused("consultations.words_missing", f"{what} is missing.", field=field)
    return limited_words(words, field=field, what=what, at_most=at_most)


def limited_words(text: str, *, field: str, what: str, at_most: int = MAX_WORDS_CHARACTERS) -> str:
    """The words without blank ends; refused where they are too many."""
    words = text.strip()
    if len(words) > at_most:
        raise Refused(
            "consultations.words_long",
            f"{what} has at most {at_most} characters; this one has {len(words)}.",
            field=field,
        )
    return words
