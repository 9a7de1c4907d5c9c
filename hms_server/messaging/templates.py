"""Which words a message has: the clinic's own, else the shipped ones, in the first language that has any."""

from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.accounts import Nothing
from hms_server.contract.messaging import (
    ListTemplates,
    ResetTemplate,
    SetTemplate,
    TemplateRow,
    Templates,
)
from hms_server.contract.patients import LANGUAGES
from hms_server.contract.values import Moment, Person, StaffId
from hms_server.faults import Refused
from hms_server.messaging.segments import count_segments
from hms_server.messaging.wording import (
    FALLBACK_LANGUAGE,
    TEMPLATES,
    Template,
    Wording,
    check_wording,
    examples,
    fill,
    shipped_languages,
    shipped_wording,
)
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """The clinic's own wording."""

    name: str
    language: str
    subject: str
    text: str
    changed_at: datetime
    changed_by: StaffId
    staff_name: str


def find_wording(work: Work, template: str, languages: list[str]) -> tuple[str, Wording]:
    """The words in the first of the languages that has them, and in English where none has."""
    wanted = list(dict.fromkeys([*languages, FALLBACK_LANGUAGE]))
    rows = work.connection.execute(OWN_IN, (template, wanted)).fetchall()
    own = {language: Wording(subject, text) for language, subject, text in rows}
    for language in wanted:
        wording = own.get(language) or shipped_wording(template, language)
        if wording is not None:
            return language, wording
    raise AssertionError(f"no words are shipped for {template}")


def list_templates(work: Work, _request: ListTemplates) -> Templates:
    """Every template in every language that has any."""
    own = {(row.name, row.language): row for row in work.rows(_Own, OWN)}
    languages = sorted({*shipped_languages(), *(language for _, language in own)})
    clinic = _clinic(work)
    rows = [
        row
        for template in TEMPLATES.values()
        for language in languages
        if (row := _row(template, language, own.get((template.name, language)), clinic))
    ]
    return Templates(rows=rows, languages=languages)


def set_template(work: Work, request: SetTemplate) -> TemplateRow:
    """Stores the clinic's own wording; messages that are asked for from now on have it."""
    template = _known(request.name)
    if request.language not in LANGUAGES:
        raise Refused("messaging.language", "Choose a language from the list.", field="language")
    wording = Wording(request.subject.strip(), request.text.strip())
    check_wording(template, wording)
    params = (request.name, request.language, *wording, work.now, work.actor.person.id)
    work.send(SET, params)
    own = _Own(
        name=request.name,
        language=request.language,
        subject=wording.subject,
        text=wording.text,
        changed_at=work.now,
        changed_by=work.actor.person.id,
        staff_name=work.actor.name,
    )
    row = _row(template, request.language, own, _clinic(work))
    assert row is not None
    return row


def reset_template(work: Work, request: ResetTemplate) -> Nothing:
    """Drops the clinic's own wording."""
    _known(request.name)
    work.send(
        "delete from message_template where name = %s and language = %s", (request.name, request.language)
    )
    return Nothing()


def _known(name: str) -> Template:
    template = TEMPLATES.get(name)
    if template is None:
        raise Refused("messaging.template_unknown", "There is no such message.", field="name")
    return template


def _clinic(work: Work) -> str:
    name: str = work.value("select name from clinic")
    return name


def _row(template: Template, language: str, own: _Own | None, clinic: str) -> TemplateRow | None:
    shipped = shipped_wording(template.name, language)
    wording = Wording(own.subject, own.text) if own else shipped
    if wording is None:
        return None
    example = fill(wording.text, examples(template, language) | {"clinic": clinic})
    changed = Moment(own.changed_at, Person(own.changed_by, own.staff_name)) if own else None
    return TemplateRow(
        name=template.name,
        title=template.title,
        language=language,
        subject=wording.subject,
        text=wording.text,
        placeholders=list(template.placeholders),
        own=own is not None,
        shipped=shipped is not None,
        changed=changed,
        example=example,
        segments=count_segments(example),
    )


OWN_IN = "select language, subject, text from message_template where name = %s and language = any(%s)"
OWN = """
select message_template.name, language, subject, text, changed_at, changed_by,
    coalesce(staff.name, '') as staff_name
from message_template left join staff on staff.id = changed_by
"""
SET = """
insert into message_template (name, language, subject, text, changed_at, changed_by)
values (%s, %s, %s, %s, %s, %s)
on conflict (name, language) do update set subject = excluded.subject, text = excluded.text,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
