"""Answers that are known already: to questions that name nobody, for a week, by role, model and manual."""

from datetime import timedelta
from typing import LiteralString
from uuid import UUID

from hms_server.assistant import guide, provider
from hms_server.assistant.identities import known_staff
from hms_server.assistant.models import Body, Keeper, StoredConversation, StoredMessage, messages_of
from hms_server.assistant.naming import NameBook
from hms_server.assistant.pseudonyms import Memory, Pseudonyms
from hms_server.assistant.vocabulary import known_names, ordinary_words
from hms_server.contract.values import Role, StaffId
from hms_server.patients.names import fold
from hms_server.relay.ground import Ground
from hms_server.work import Work

KEPT = timedelta(days=7)
CACHEABLE = frozenset({"help_in_manual"})
"""What these functions say is the same for everybody and tomorrow."""
TAKEN_FROM_KNOWN = "The same question was answered before; this is that answer."


def known_answer(
    work: Work, keeper: Keeper, ground: Ground, text: str, roles: frozenset[Role]
) -> Body | None:
    """The answer to the same question of the same role, where there is one."""
    key = _key(work, keeper, ground, text, roles)
    row = work.connection.execute(FIND, (key, work.now - KEPT)).fetchone()
    if row is None:
        return None
    return keeper.open(row[0], _binding(key), Body)


def keep_known(
    work: Work,
    keeper: Keeper,
    ground: Ground,
    question: StoredMessage,
    body: Body,
    *,
    asked_in: StoredConversation,
) -> None:
    """Keeps an answer for the next who asks, if neither names anybody or says what is true only today."""
    alone = len(messages_of(work, asked_in.id)) == 2  # noqa: PLR2004 - a question and its answer
    of_patient = question.patient_id is not None or asked_in.patient_id is not None
    changing = body.attachments or any(one.name not in CACHEABLE for one in body.used)
    if not alone or of_patient or changing or not body.text or body.note:
        return
    text = keeper.body(question).text
    if _names_somebody(work, text) or _names_somebody(work, body.text):
        return
    key = _key(work, keeper, ground, text, _roles(work, asked_in.staff_id))
    work.send(KEEP, (key, work.now, keeper.seal(body, _binding(key))))


def forget_known(work: Work) -> None:
    """Drops what is older than a week."""
    work.send("delete from assistant_known_answer where at < %s", (work.now - KEPT,))


def _names_somebody(work: Work, text: str) -> bool:
    """Any pseudonym at all in what would leave means that it belongs to one conversation."""
    book = NameBook(ordinary=ordinary_words(), are_names=lambda words: known_names(work, words))
    names = Pseudonyms(Memory(today=work.now.date()), book)
    for identity in known_staff(work):
        names.know(identity)
    return names.hide(text) != text


def _roles(work: Work, staff_id: StaffId) -> frozenset[Role]:
    held = work.value("select roles from staff where id = %s", (staff_id,)) or []
    return frozenset(Role(role) for role in held)


def _key(work: Work, keeper: Keeper, ground: Ground, text: str, roles: frozenset[Role]) -> bytes:
    model = ground.providers.settings(work, provider.NAME)[provider.MODEL]
    words = " ".join(fold(text).split())
    return keeper.fingerprint(words, *sorted(roles), model, guide.version())


def _binding(key: bytes) -> UUID:
    return UUID(bytes=key)


FIND: LiteralString = "select body from assistant_known_answer where key = %s and at > %s"
KEEP: LiteralString = """
insert into assistant_known_answer (key, at, body) values (%s, %s, %s)
on conflict (key) do update set at = excluded.at, body = excluded.body
"""
