"""Finding patients by parts of names, numbers and phones, at a cost that hardly grows with their number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from hms_server.contract.patients import MAX_HITS, MAX_SEARCH_CHARACTERS, PatientHits, SearchPatients
from hms_server.contract.values import PatientHeader, PatientId
from hms_server.patients.names import sounds_of, words_of
from hms_server.patients.rules import (
    ascii_digits,
    check_digit_of,
    national_id_key,
    parse_number,
    phone_key,
)
from hms_server.work import Work

MAX_TOKENS = 5
MAX_CANDIDATES = 300
"""So many bearers of a word are looked at one by one; of more common words the index joins the lists."""
_MIN_INFIX = 3
_MIN_DIGITS = 3
_LAST = chr(0x10FFFF)


class Grade(IntEnum):
    """How well a word of a name meets a word of the search, best first."""

    EXACT = 0
    BEGINNING = 1
    MIDDLE = 2
    SOUND = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word that was typed, with the words of the vocabulary that may be meant, best first."""

    text: str
    meant: list[str]
    sounding: frozenset[str]
    cut: bool

    def grade(self, words: Iterable[str]) -> Grade | None:
        """How well the best word of a name meets this token, or None if none does."""
        grades = [grade for word in words if (grade := self._grade_word(word)) is not None]
        return min(grades, default=None)

    def _grade_word(self, word: str) -> Grade | None:
        if word == self.text:
            return Grade.EXACT
        if word.startswith(self.text):
            return Grade.BEGINNING
        if len(self.text) >= _MIN_INFIX and self.text in word:
            return Grade.MIDDLE
        return Grade.SOUND if word in self.sounding else None


@dataclass(frozen=True, slots=True)
class _Meant:
    token: str
    word: str
    grade: int


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


def find_meant_words(work: Work, words: Sequence[str]) -> list[Token]:
    """For each word that was typed the words of known names that may be meant."""
    keys = [(word, sound) for word in words for sound in sounds_of(word)]
    params = {
        "tokens": list(words),
        "keyed": [word for word, _ in keys],
        "sounds": [sound for _, sound in keys],
        "last": _LAST,
        "min_infix": _MIN_INFIX,
    }
    found = work.rows(_Meant, MEANT_WORDS, params)
    return [_token(word, [item for item in found if item.token == word]) for word in words]


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
    if not digits or len(digits) > MAX_HITS:
        return PatientHits([], more=False)
    params = {
        "ids": _ids_of(digits),
        "phone": phone if len(phone) >= _MIN_DIGITS else None,
        "reversed": phone[::-1] if len(phone) >= _MIN_DIGITS else None,
        "national_id": national_id_key(text) if len(digits) >= _MIN_DIGITS else None,
        "last": _LAST,
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
    if not words:
        return PatientHits([], more=False)
    typed = sorted(words, key=len, reverse=True)[:MAX_TOKENS]
    tokens = find_meant_words(work, typed)
    if not all(token.meant for token in tokens):
        return PatientHits([], more=False)
    candidates, complete = _candidates(work, tokens)
    best = _rank(candidates, tokens)
    if not complete and len(best) <= limit and len(tokens) > 1:
        best = _rank(candidates + _joined(work, tokens), tokens)
    ids = [candidate.patient_id for candidate in best[:limit]]
    headers = {patient.id: patient for patient in work.rows(PatientHeader, BY_IDS, {"ids": ids})}
    return PatientHits([headers[id_] for id_ in ids], more=len(best) > limit)


def _candidates(work: Work, tokens: Sequence[Token]) -> tuple[list[_Candidate], bool]:
    """Who may be meant by the rarest word, and whether these are all; else the newest and the last seen."""
    found: list[_Candidate] = []
    for token in tokens:
        found = work.rows(_Candidate, BEARERS, {"words": token.meant, "limit": MAX_CANDIDATES})
        if len(found) < MAX_CANDIDATES and not token.cut:
            return found, True
    return found + work.rows(_Candidate, LAST_SEEN_CANDIDATES, {"limit": MAX_CANDIDATES}), False


def _joined(work: Work, tokens: Sequence[Token]) -> list[_Candidate]:
    """Who bears a word of every token, where each word alone is too common to go through its bearers."""
    whole = [token.meant for token in tokens if not token.cut]
    if not whole:
        return []
    conditions = " and ".join(["words && %s"] * len(whole))
    return work.rows(_Candidate, BEARERS_OF_ALL + conditions + LIMITED, [*whole, MAX_CANDIDATES])


def _rank(candidates: Iterable[_Candidate], tokens: Sequence[Token]) -> list[_Candidate]:
    """Those who meet every token: the best met first, among equals who was here last, then the newest."""
    graded: dict[PatientId, tuple[tuple[int, float, int], _Candidate]] = {}
    for candidate in candidates:
        grades = [grade for token in tokens if (grade := token.grade(candidate.words)) is not None]
        if len(grades) == len(tokens):
            seen = candidate.seen_at.timestamp() if candidate.seen_at else 0.0
            graded[candidate.patient_id] = ((sum(grades), -seen, -candidate.patient_id), candidate)
    return [candidate for _, candidate in sorted(graded.values(), key=lambda pair: pair[0])]


def _token(text: str, found: Sequence[_Meant]) -> Token:
    ranked = sorted(found, key=lambda item: item.grade)
    counts = [sum(item.grade == grade for item in found) for grade in (Grade.BEGINNING, Grade.MIDDLE)]
    return Token(
        text=text,
        meant=list(dict.fromkeys(item.word for item in ranked)),
        sounding=frozenset(item.word for item in found if item.grade == Grade.SOUND),
        cut=max(counts) >= MAX_MEANT,
    )


def _hits(found: list[PatientHeader], *, limit: int) -> PatientHits:
    return PatientHits(found[:limit], more=len(found) > limit)


MAX_MEANT = 100
MAX_SOUNDING = 20

MEANT_WORDS = f"""
select token, word, grade from unnest(%(tokens)s::text[]) as typed (token) cross join lateral (
    (select word, {Grade.BEGINNING:d} as grade from name_word
     where word >= token collate "C" and word < token || %(last)s collate "C"
     order by word limit {MAX_MEANT})
    union all
    (select word, {Grade.MIDDLE:d} from name_word
     where length(token) >= %(min_infix)s and word like '%%' || token || '%%' limit {MAX_MEANT})
    union all
    (select word, {Grade.SOUND:d} from (
        select distinct name_sound.word
        from unnest(%(keyed)s::text[], %(sounds)s::text[]) as keys (keyed, key)
        join name_sound on name_sound.sound = keys.key collate "C"
        where keys.keyed = token
     ) as sounding
     order by levenshtein(word, token) limit {MAX_SOUNDING})
) as meant
"""

BEARERS = """
select patient_id, searched.words, seen_at
from (
    select listed.patient_id
    from unnest(%(words)s::text[]) as meant (word) cross join lateral (
        select patient_id from patient_word
        where patient_word.word = meant.word collate "C"
        order by patient_id desc limit %(limit)s
    ) as listed
    limit %(limit)s
) as bearer
join patient_search as searched using (patient_id) left join patient_seen using (patient_id)
"""

BEARERS_OF_ALL = """
select patient_id, words, seen_at from patient_search left join patient_seen using (patient_id) where
"""
LIMITED = " limit %s"

LAST_SEEN_CANDIDATES = """
select patient_id, words, seen_at
from (select patient_id, seen_at from patient_seen order by seen_at desc limit %(limit)s) as last
join patient_search using (patient_id)
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
     where phone_digits >= %(phone)s and phone_digits < %(phone)s || %(last)s limit {MAX_CANDIDATES})
    union all
    (select patient_id, 1 from patient_search
     where phone_reversed >= %(reversed)s and phone_reversed < %(reversed)s || %(last)s
     limit {MAX_CANDIDATES})
    union all
    (select patient_id, 1 from patient_search
     where national_id >= %(national_id)s and national_id < %(national_id)s || %(last)s
     limit {MAX_CANDIDATES})
    union all
    select patient_id, 1
    from (select patient_id from patient_seen order by seen_at desc limit {MAX_CANDIDATES}) as last
    join patient_search using (patient_id)
    where starts_with(phone_digits, %(phone)s) or starts_with(phone_reversed, %(reversed)s)
), best as (
    select patient_id, min(grade) as grade from found group by patient_id
)
select id, number, name, sex, birth_date, birth_precision, deceased
from best join patient_header on id = best.patient_id left join patient_seen using (patient_id)
order by grade, seen_at desc nulls last, id desc limit %(limit)s
"""
