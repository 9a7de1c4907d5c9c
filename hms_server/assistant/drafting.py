"""Drafts of referrals, letters, reports and leaflets: texts that a person reads, changes and accepts."""

from typing import Any

from hms_server.assistant.functions import Arguments, Case, Found, header_of
from hms_server.assistant.records import record_of
from hms_server.assistant.rules import age_words, clean_answer
from hms_server.contract.patients import LANGUAGES
from hms_server.contract.suggestions import MAX_DOCUMENT_CHARACTERS, Draft, DraftKind
from hms_server.faults import Refused

MAX_TITLE = 200
SHOWN = "Shown to the person as a form. Nothing is stored until they accept it there."


def draft_referral(case: Case, given: Arguments) -> Found:
    """To another doctor or hospital, with what they have to know of the record."""
    to = given.needed("to", "to whom the patient is referred")
    reason = given.needed("reason", "why the patient is referred")
    return _draft(case, given, kind=DraftKind.REFERRAL, title=f"Referral: {reason}", recipient=to)


def draft_letter(case: Case, given: Arguments) -> Found:
    """To the patient."""
    subject = given.needed("subject", "what the letter is about")
    recipient = header_of(case, given.the_patient()).name
    return _draft(case, given, kind=DraftKind.LETTER, title=subject, recipient=recipient)


def draft_report(case: Case, given: Arguments) -> Found:
    """On the course of an illness or a visit, for whoever asks for one."""
    title = given.needed("title", "what the report is about")
    return _draft(case, given, kind=DraftKind.REPORT, title=title, recipient=given.text("to"))


def draft_education(case: Case, given: Arguments) -> Found:
    """For the patient to take home, in their language."""
    topic = given.needed("topic", "what it is about")
    recipient = header_of(case, given.the_patient()).name
    return _draft(case, given, kind=DraftKind.EDUCATION, title=topic, recipient=recipient)


def _draft(case: Case, given: Arguments, *, kind: DraftKind, title: str, recipient: str) -> Found:
    patient_id = given.the_patient()
    header = header_of(case, patient_id)
    text = clean_answer(given.text("text")) or _from_record(case, given, kind=kind, recipient=recipient)
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        raise Refused("assistant.argument", "The text is too long for one document.", field="text")
    language = given.text("language") or "en"
    draft = case.propose(
        kind.value,
        patient_id,
        lambda id_: Draft(
            id=id_,
            kind=kind,
            patient=header,
            title=clean_answer(title)[:MAX_TITLE],
            recipient=clean_answer(recipient)[:MAX_TITLE],
            language=LANGUAGES.get(language, language),
            text=text,
        ),
    )
    data: dict[str, Any] = {"draft": kind.value, "note": SHOWN}
    return Found(data=data, lines=[text], attachments=[draft], about=(patient_id,))


def _from_record(case: Case, given: Arguments, *, kind: DraftKind, recipient: str) -> str:
    """What can be said without the model: the facts of the record, to be written out by the person."""
    header = header_of(case, given.the_patient())
    about = f"{header.name}, {header.number}, {header.sex.value}, {age_words(header.birth_date, case.today)}"
    opening = [f"To: {recipient}" if recipient else "", f"About: {about}", ""]
    said = [given.text(name) for name in ("reason", "subject", "title", "topic") if given.text(name)]
    if kind is DraftKind.EDUCATION:
        return "\n".join([*opening, *said, ""]).strip()
    facts = [f"– {_without_mark(line)}" for line in record_of(case, header.id).lines[1:]]
    closing = ["", case.asker.actor.name]
    return "\n".join([*opening, *said, "", *facts, *closing]).strip()


def _without_mark(line: str) -> str:
    return line.rpartition(" [")[0] or line
