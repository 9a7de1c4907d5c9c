"""Finding patients by parts of names, numbers and phones, at a cost that hardly grows with their number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.patients import MAX_HITS, MAX_SEARCH_CHARACTERS, PatientHits, SearchPatients
from hms_server.contract.values import PatientHeader, PatientId
from hms_server.patients.names import words_of
from hms_server.patients.rules import (
    ascii_digits,
    check_digit_of,
    national_id_key,
    parse_number,
    phone_key,
)
from hms_server.patients.vocabulary import LAST_SIGN, Token, find_meant_words
from hms_server.work import Work

MAX_TOKENS = 5
MAX_LISTED = 600
"""So many bearers of a word are gone through; of more common words the index joins the lists."""
MAX_SURELY_LISTED = 300
"""Bearers are counted roughly: below this all of them are surely listed."""
MAX_CANDIDATES = 100
LAST_SEEN_LOOKED_AT = 60
_MIN_DIGITS, _MAX_DIGITS = 3, 20


@dataclass(frozen=True, slots=True)
class _Candidate:
    patient_id: PatientId
    words: list[str]
    seen_at: datetime | None


def search_patients(work: Work, request: SearchPatients) -> PatientHits:
    """The best hits for what was typed, no more than asked for and never more than 20."""
    limit = max(1, min(request.limit, MAX_HITS))
    text = request.text[:MAX_SEARCH_CHARACTERS]
    hits = _search_text(work, text, limit=limit)
    work.concerns(*(patient.id for patient in hits.patients))
    return hits


def _search_text(work: Work, text: str, *, limit: int) -> PatientHits:
    plain = ascii_digits(text).strip()
    if not plain:
        return _hits(work.rows(PatientHeader, LAST_SEEN, {"limit": limit + 1}), limit=limit)
    if (number := parse_number(plain)) is not None:
        found = work.rows(PatientHeader, BY_IDS, {"ids": [number]})
        if found:
            return PatientHits(found, more=False)
    if not any(sign.isalpha() for sign in plain):
        return _search_digits(work, plain, limit=limit)
    hits = _search_names(work, words_of(plain), limit=limit)
    if not hits.patients and any(sign.isdecimal() for sign in plain):
        return _search_digits(work, plain, limit=limit)
    return hits


def _search_digits(work: Work, text: str, *, limit: int) -> PatientHits:
    digits = "".join(sign for sign in text if sign.isdecimal())
    phone = phone_key(text)
    if not digits or len(digits) > _MAX_DIGITS:
        return PatientHits([], more=False)
    params = {
        "ids": _ids_of(digits),
        "phone": phone if len(phone) >= _MIN_DIGITS else None,
        "reversed": phone[::-1] if len(phone) >= _MIN_DIGITS else None,
        "national_id": national_id_key(text) if len(digits) >= _MIN_DIGITS else None,
        "last": LAST_SIGN,
        "limit": limit + 1,
    }
    return _hits(work.rows(PatientHeader, BY_DIGITS, params), limit=limit)


def _ids_of(digits: str) -> list[int]:
    """A patient number typed without its P, with its check digit or still without."""
    ids = [int(digits)]
    if len(digits) > 1 and check_digit_of(digits[:-1].zfill(6)) == digits[-1]:
        ids.append(int(digits[:-1]))
    return [number for number in ids if number < 2**63]


def _search_names(work: Work, words: Sequence[str], *, limit: int) -> PatientHits:
    typed = sorted(words, key=len, reverse=True)[:MAX_TOKENS]
    tokens = sorted(find_meant_words(work, typed), key=lambda token: (token.cut, token.bearers))
    if not tokens or not all(token.meant for token in tokens):
        return PatientHits([], more=False)
    found, complete = _candidates(work, tokens, enough=limit + 1)
    if not complete:
        found += work.rows(_Candidate, LAST_SEEN_CANDIDATES, {"limit": LAST_SEEN_LOOKED_AT})
    best = _rank(found, tokens)
    ids = [candidate.patient_id for candidate in best[:limit]]
    headers = {patient.id: patient for patient in work.rows(PatientHeader, BY_IDS, {"ids": ids})}
    return PatientHits([headers[id_] for id_ in ids], more=len(best) > limit or not complete)


def _candidates(work: Work, tokens: Sequence[Token], *, enough: int) -> tuple[list[_Candidate], bool]:
    """Who may be meant, and whether these are surely all."""
    rarest = tokens[0]
    whole = [token for token in tokens if not token.cut]
    if rarest.bearers >= MAX_SURELY_LISTED and len(whole) > 1:
        return _joined(work, whole, enough=enough), len(whole) == len(tokens)
    found = _bearers_of_rarest(work, tokens)
    return found, not rarest.cut and rarest.bearers < MAX_SURELY_LISTED and len(found) < MAX_CANDIDATES


def _bearers_of_rarest(work: Work, tokens: Sequence[Token]) -> list[_Candidate]:
    """Bearers of the rarest token's words who may meet the others, too; of many the newest."""
    rarest, *others = tokens
    params: dict[str, object] = {"words": rarest.meant, "listed": MAX_LISTED, "limit": MAX_CANDIDATES}
    if not others:
        return work.rows(_Candidate, BEARERS_OF_ONE, params)
    conditions = "true"
    for place, token in enumerate(others):
        params[f"other{place}"] = token.text if token.cut else token.meant
        conditions += f" and {token.condition(f'other{place}')}"
    return work.rows(_Candidate, BEARERS.format(conditions=conditions), params)


def _joined(work: Work, tokens: Sequence[Token], *, enough: int) -> list[_Candidate]:
    """Who bears a word of every token, where each word alone is too common to go through its bearers.

    Each further word makes the index slower: only if the words that are meant best lead to few, all follow.
    """
    sql = BEARERS_OF_ALL.format(conditions=" and ".join(["words && %s"] * len(tokens)))
    found = work.rows(_Candidate, sql, [*(token.best for token in tokens), MAX_CANDIDATES])
    if len(found) < enough:
        found += work.rows(_Candidate, sql, [*(token.meant for token in tokens), MAX_CANDIDATES])
    return found


def _rank(candidates: Iterable[_Candidate], tokens: Sequence[Token]) -> list[_Candidate]:
    """Those who meet every token: the best met first, among equals who was here last, then the newest."""
    graded: dict[PatientId, tuple[tuple[int, float, int], _Candidate]] = {}
    for candidate in candidates:
        if candidate.patient_id in graded:
            continue
        grades = [grade for token in tokens if (grade := token.grade(candidate.words)) is not None]
        if len(grades) == len(tokens):
            seen = candidate.seen_at.timestamp() if candidate.seen_at else 0.0
            graded[candidate.patient_id] = ((sum(grades), -seen, -candidate.patient_id), candidate)
    return [candidate for _, candidate in sorted(graded.values(), key=lambda pair: pair[0])]


def _hits(found: list[PatientHeader], *, limit: int) -> PatientHits:
    return PatientHits(found[:limit], more=len(found) > limit)


BEARERS_OF_ONE = """
select patient_id, array[word] as words, seen_at
from unnest(%(words)s::text[]) as meant (word) cross join lateral (
    select patient_id from patient_word
    where patient_word.word = meant.word collate "C"
    order by patient_id desc limit %(limit)s
) as listed left join patient_seen using (patient_id)
limit %(limit)s
"""

BEARERS = """
select patient_id, words, seen_at
from (
    select listed.patient_id, place
    from unnest(%(words)s::text[]) with ordinality as meant (word, place) cross join lateral (
        select patient_id from patient_word
        where patient_word.word = meant.word collate "C"
        order by patient_id desc limit %(listed)s
    ) as listed
    limit %(listed)s
) as bearer
join patient_search using (patient_id)
left join (select patient_id, seen_at from patient_seen) as seen using (patient_id)
where {conditions}
order by place, patient_id desc limit %(limit)s
"""

BEARERS_OF_ALL = """
select patient_id, words, seen_at
from patient_search left join (select patient_id, seen_at from patient_seen) as seen using (patient_id)
where {conditions} limit %s
"""

LAST_SEEN_CANDIDATES = """
select patient_id, words, seen_at from patient_seen order by seen_at desc limit %(limit)s
"""

BY_IDS = """
select id, number, name, sex, birth_date, birth_precision, deceased from patient_header
where id = any(%(ids)s)
"""

LAST_SEEN = """
select id, number, name, sex, birth_date, birth_precision, deceased
from patient_seen join patient_header on id = patient_id
order by seen_at desc limit %(limit)s
"""

BY_DIGITS = f"""
with found as (
    select patient_id, 0 as grade from patient_search where patient_id = any(%(ids)s)
    union all
    (select patient_id, case when phone_digits = %(phone)s then 0 else 1 end from patient_search
     where phone_digits >= %(phone)s and phone_digits < %(phone)s || %(last)s
     order by phone_digits limit {MAX_CANDIDATES})
    union all
    (select patient_id, 1 from patient_search
     where phone_reversed >= %(reversed)s and phone_reversed < %(reversed)s || %(last)s
     order by phone_reversed limit {MAX_CANDIDATES})
    union all
    (select patient_id, 1 from patient_search
     where national_id >= %(national_id)s and national_id < %(national_id)s || %(last)s
     order by national_id limit {MAX_CANDIDATES})
    union all
    select patient_id, 1
    from (select patient_id from patient_seen order by seen_at desc limit {LAST_SEEN_LOOKED_AT}) as last
    join patient_search using (patient_id)
    where starts_with(phone_digits, %(phone)s) or starts_with(phone_reversed, %(reversed)s)
), best as (
    select patient_id, grade, seen_at
    from (select patient_id, min(grade) as grade from found group by patient_id) as each
    left join patient_seen using (patient_id)
    order by grade, seen_at desc nulls last, patient_id desc limit %(limit)s
)
select id, number, name, sex, birth_date, birth_precision, deceased
from best join patient_header on id = patient_id
order by grade, seen_at desc nulls last, id desc
"""
