"""One answer while it is written: rounds of the model and of functions, growth, limits and cost."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from google.genai import types

from hms_server.assistant import usage
from hms_server.assistant.asking import GONE, ThroughDispatch, Whose
from hms_server.assistant.client import Declared, End, Gemini, GeminiSettings, Turn, WantedCall
from hms_server.assistant.functions import Arguments, Case, Found, Function, Sources
from hms_server.assistant.identities import known_patients, known_staff, patient_of
from hms_server.assistant.instructions import STRUCTURED, UNTRUSTED, instruction_for
from hms_server.assistant.keeping import Keeping
from hms_server.assistant.line import Stopped
from hms_server.assistant.naming import NameBook
from hms_server.assistant.patterns import safe_length
from hms_server.assistant.pseudonyms import Memory, Pseudonyms
from hms_server.assistant.repertoire import BY_NAME, available
from hms_server.assistant.rules import clean_answer
from hms_server.assistant.vocabulary import known_names, ordinary_words
from hms_server.contract.assistant import AnswerState, FunctionUse, Source
from hms_server.contract.suggestions import Attachment
from hms_server.contract.values import PatientId
from hms_server.faults import Refused
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

T = TypeVar("T")

MAX_ROUNDS = 8
MAX_CALLS = 20
MAX_REPEATED = 3
MAX_DATA_CHARACTERS = 30_000
GROW_EVERY_S = 0.35
NO_CONSENT = "This patient has not agreed that the assistant hears of them. Tell the person so."
NOTES = {
    End.TOO_LONG: (AnswerState.DONE, "The answer was cut at its longest length. Ask for the rest."),
    End.BLOCKED: (AnswerState.FAILED, "The assistant declined to answer this. Ask it in other words."),
    End.RECITATION: (AnswerState.FAILED, "The assistant declined to answer this. Ask it in other words."),
    End.BAD_CALL: (AnswerState.FAILED, "The assistant gave no usable answer. Ask again."),
    End.EMPTY: (AnswerState.FAILED, "The assistant gave no usable answer. Ask again."),
}
TOO_MANY = "The assistant looked up too much and was ended. Ask for one thing at a time."
LIMIT_REACHED = "The limit of this month was reached while the answer was written."
STOPPED_HERE = "The server was ended while the answer was written. Ask again."


@dataclass(frozen=True, kw_only=True)
class Need:
    """All that an answer begins with; `history` is who said what, oldest first, the question last."""

    settings: GeminiSettings
    whose: Whose
    keeping: Keeping
    memory: Memory
    history: Sequence[tuple[str, str]]
    patients: Sequence[PatientId]
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer in full, as the person may read it."""

    text: str
    state: AnswerState
    note: str
    memory: Memory
    sources: list[Source]
    attachments: list[Attachment]
    used: list[FunctionUse]
    patients: list[PatientId]


@dataclass
class _Progress:
    """What has come together so far."""

    texts: list[str] = field(default_factory=list)
    used: list[FunctionUse] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    doing: str = ""


class Writing:
    """Writes one answer; made for it and thrown away after it."""

    def __init__(self, need: Need, outside: Outside, asker: ThroughDispatch) -> None:
        self._need = need
        self._outside = outside
        self._asker = asker
        self._keeping = need.keeping
        self._progress = _Progress()
        self._patients: set[PatientId] = set()
        self._names_asked: dict[str, bool] = {}
        self._grown_at = self._looked_at = 0.0
        self._stopped = False
        self._names = Pseudonyms(need.memory, NameBook(ordinary=ordinary_words(), are_names=self._are_names))
        self._case = Case(
            asker=asker,
            sources=Sources(),
            zone=need.zone,
            propose=self._keeping.propose_through(asker),
            may_leave=lambda patient_id: not self._refused([patient_id]),
            think=self._think,
        )

    def write(self) -> Answered:
        """The answer, whatever came of it; raises `OutsideFault` only where nothing was received."""
        try:
            self._know(self._need.patients)
            for identity in self._asker.read(known_staff):
                self._names.know(identity)
            with self._gemini() as gemini:
                self._client = gemini
                state, note = self._rounds(gemini)
        except Stopped:
            stopped_here = self._asker.read(self._keeping.is_writing)
            state = AnswerState.BROKEN_OFF if stopped_here else AnswerState.STOPPED
            note = STOPPED_HERE if stopped_here else ""
        except Refused as refused:
            state, note = AnswerState.FAILED, refused.fault.message
        except OutsideFault as fault:
            if not self._progress.texts and not self._progress.used:
                raise
            state, note = AnswerState.BROKEN_OFF, fault.sentence
        return Answered(
            text=self._shown(),
            state=state,
            note=note,
            memory=self._names.memory,
            sources=list(self._case.sources.listed.values()),
            attachments=self._progress.attachments,
            used=self._progress.used,
            patients=sorted(self._patients),
        )

    def _gemini(self) -> Gemini:
        return Gemini(self._need.settings, self._outside, sent=self._on_sent, stopped=self._is_stopped)

    def _rounds(self, gemini: Gemini) -> tuple[AnswerState, str]:
        contents = [
            types.Content(role=role, parts=[types.Part(text=self._names.hide(text))])
            for role, text in self._need.history
        ]
        for number in range(MAX_ROUNDS):
            self._asker.look_again()
            offered = self._offered(last=number == MAX_ROUNDS - 1)
            turn = gemini.stream(
                contents,
                instruction=self._instruction(),
                functions=[_declared(one) for one in offered],
                on_text=self._on_text,
            )
            within = self._count(turn)
            self._take_text(turn)
            if not turn.calls:
                return NOTES.get(turn.end, (AnswerState.DONE, ""))
            if not within:
                return AnswerState.FAILED, LIMIT_REACHED
            answers = [self._answer(call) for call in turn.calls]
            contents += [turn.content, types.Content(role="user", parts=answers)]
        return AnswerState.FAILED, TOO_MANY

    def _offered(self, *, last: bool) -> list[Function]:
        """None in the last round, nor for a model that goes round in circles: then it has to answer."""
        spent = (
            self._progress.calls >= MAX_CALLS or max(self._progress.asked.values(), default=0) > MAX_REPEATED
        )
        return [] if last or spent else available(self._asker.actor)

    def _instruction(self) -> str:
        today = self._need.now.astimezone(self._need.zone).date()
        return instruction_for(self._asker.actor.roles, began=self._names.memory.today, today=today)

    def _take_text(self, turn: Turn) -> None:
        if turn.text.strip():
            # What was said before a function was called is only a preface to what comes after it.
            self._progress.texts = [turn.text]

    def _shown(self, growing: str | None = None) -> str:
        raw = self._progress.texts[-1] if self._progress.texts else ""
        if growing is not None:
            raw = growing[: safe_length(growing)]
        return clean_answer(self._names.restore(raw))

    def _on_text(self, text: str) -> None:
        self._progress.texts = [text] if text.strip() else self._progress.texts
        now = time.monotonic()
        if now - self._grown_at >= GROW_EVERY_S:
            self._grown_at = now
            self._grow(self._shown(text))

    def _grow(self, shown: str) -> None:
        if not self._asker.read(lambda work: self._keeping.grow(work, shown, self._progress.doing)):
            self._stopped = True

    def _is_stopped(self) -> bool:
        now = time.monotonic()
        if not self._stopped and now - self._looked_at >= 0.5:  # noqa: PLR2004 - half of the second promised
            self._looked_at = now
            self._stopped = not self._asker.read(self._keeping.is_writing)
        return self._stopped

    def _on_sent(self, address: str, body: bytes) -> None:
        def keep(work: Work) -> None:
            work.concerns(*sorted(self._patients))
            self._keeping.keep_sent(work, address, body, self._names.memory)

        self._asker.send(keep)

    def _count(self, turn: Turn) -> bool:
        """Whether more may be spent."""
        staff_id = self._need.whose.staff_id

        def add(work: Work) -> bool:
            usage.count(work, staff_id, prompt=turn.spent.prompt, answer=turn.spent.answer)
            with suppress(Refused):
                usage.refuse_used_up(work, usage.policy_of(work), staff_id)
                return True
            return False

        return self._asker.read(add)

    def _answer(self, call: WantedCall) -> types.Part:
        response = self._response(call)
        part = types.Part.from_function_response(name=call.name or "unknown", response=response)
        if part.function_response is not None:
            part.function_response.id = call.id
        return part

    def _response(self, call: WantedCall) -> dict[str, Any]:
        """What the model is told of its call; whatever was wrong with it is said there, never raised."""
        self._progress.calls += 1
        key = f"{call.name} {json.dumps(call.arguments, sort_keys=True, default=str)}"
        self._progress.asked[key] = self._progress.asked.get(key, 0) + 1
        function = BY_NAME.get(call.name)
        if function is None or function not in available(self._asker.actor):
            return {"error": "There is no such function."}
        if self._progress.asked[key] > 1:
            return {"error": "You have asked this already: use the earlier answer."}
        if self._progress.calls > MAX_CALLS:
            return {"error": "No more functions can be called: answer now."}
        self._progress.doing = function.doing
        self._grow(self._shown())
        try:
            found = function.run(self._case, self._arguments(function, call.arguments))
            response = self._told(found)
        except Refused as refused:
            if refused.fault.code == GONE.fault.code:
                raise
            response = {"error": self._names.hide(refused.fault.message)}
            found = None
        self._progress.doing = ""
        self._progress.used.append(
            FunctionUse(name=function.name, words=function.title, worked=found is not None)
        )
        return response

    def _told(self, found: Found) -> dict[str, Any]:
        refused = self._know(found.about, strict=False)
        if refused:
            return {"error": NO_CONSENT}
        data = self._names.hide_in(found.data)
        self._progress.attachments += found.attachments
        if len(json.dumps(data)) > MAX_DATA_CHARACTERS:
            return {"error": "That is too much at once: ask for less."}
        return {"data": data, "note": UNTRUSTED}

    def _arguments(self, function: Function, given: Mapping[str, Any]) -> Arguments:
        texts = {name: self._names.restore(_text_of(name, value)) for name, value in given.items()}
        patient = texts.pop("patient", "") if function.patient != "no" else ""
        token = str(given.get("patient", "")).strip()
        patient_id = patient_of(self._names.holder_of(token)) if patient else None
        if patient_id is None and (patient or function.patient == "needed"):
            raise Refused("assistant.argument", "Unknown patient: use a pseudonym from find_patient.")
        if patient_id is not None and self._refused([patient_id]):
            raise Refused("assistant.no_consent", NO_CONSENT)
        function.refuse_odd(texts)
        return Arguments(texts=texts, patient_id=patient_id)

    def _know(self, patient_ids: Sequence[PatientId], *, strict: bool = True) -> Collection[PatientId]:
        """Learns the names of these patients; gives those of whom nothing may leave."""
        if not patient_ids:
            return ()
        known = self._asker.read(lambda work: known_patients(work, patient_ids))
        if known.refused and strict:
            raise Refused(
                "assistant.no_consent", "The patient has not agreed that the assistant hears of them."
            )
        if not known.refused:
            for identity in known.identities:
                self._names.know(identity)
            self._patients.update(patient_ids)
        return known.refused

    def _refused(self, patient_ids: Sequence[PatientId]) -> Collection[PatientId]:
        return self._asker.read(lambda work: known_patients(work, patient_ids)).refused

    def _are_names(self, words: Collection[str]) -> set[str]:
        unknown = [word for word in words if word not in self._names_asked]
        if unknown:
            found = self._asker.read(lambda work: known_names(work, unknown))
            self._names_asked.update({word: word in found for word in unknown})
        return {word for word in words if self._names_asked[word]}

    def _think(
        self,
        task: str,
        material: Mapping[str, Any],
        *,
        kind: type[T],
        schema: dict[str, Any],
        patient_id: PatientId,
    ) -> T:
        """A second, smaller conversation under a schema; asked once more where its answer does not fit."""
        if self._know([patient_id], strict=False):
            raise Refused("assistant.no_consent", NO_CONSENT)
        hidden = json.dumps(self._names.hide_in(dict(material)), ensure_ascii=False)[:MAX_DATA_CHARACTERS]
        contents = [types.Content(role="user", parts=[types.Part(text=hidden)])]
        for _ in range(2):
            turn = self._client.structured(contents, instruction=STRUCTURED.format(task=task), schema=schema)
            within = self._count(turn)
            with suppress(msgspec.DecodeError):
                if turn.end is End.WHOLE:
                    return msgspec.convert(self._names.restore_in(msgspec.json.decode(turn.text)), kind)
            if not within:
                break
        raise Refused("assistant.unusable", "The assistant's list was not usable. Ask it again.")


def _declared(function: Function) -> Declared:
    return Declared(name=function.name, description=function.description, parameters=function.schema())


def _text_of(name: str, value: Any) -> str:
    """An argument as text, since models send numbers and lists where texts were asked for."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("assistant.argument", f"“{name}” has to be a text.")
    return str(value)


def ended_early(need: Need, note: str) -> Answered:
    """Where nobody may ask any more: nothing was sent."""
    return Answered(
        text="",
        state=AnswerState.FAILED,
        note=note,
        memory=need.memory,
        sources=[],
        attachments=[],
        used=[],
        patients=list(need.patients),
    )
