"""What a function of the assistant is: its name, its form, who may use it, and what it is given."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from hms_server.assistant.asking import Asker
from hms_server.contract.assistant import Source, ToolParameter
from hms_server.contract.patients import GetPatient
from hms_server.contract.suggestions import Attachment, ProposalId
from hms_server.contract.values import PatientHeader, PatientId
from hms_server.faults import Refused
from hms_server.permissions import Permission

T = TypeVar("T")

MAX_ARGUMENT_CHARACTERS = 20_000
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class Sources:
    """Gives each row that is spoken of its mark, the same for the same row."""

    listed: dict[tuple[str, int, str], Source] = field(default_factory=dict)

    def mark(
        self,
        kind: str,
        row_id: int,
        label: str,
        *,
        patient_id: PatientId | None = None,
        at: datetime | None = None,
    ) -> str:
        key = (kind, row_id, label if kind == "manual" else "")
        if key not in self.listed:
            self.listed[key] = Source(
                mark=f"S{len(self.listed) + 1}",
                kind=kind,
                id=row_id,
                label=label,
                patient_id=patient_id,
                at=at,
            )
        return self.listed[key].mark


class Thinks(Protocol):
    """Lets the model answer as `kind`, under its schema; raises `Refused` where the answer is of no use."""

    def __call__(
        self,
        task: str,
        material: Mapping[str, Any],
        *,
        kind: type[T],
        schema: dict[str, Any],
        patient_id: PatientId,
    ) -> T: ...


class Proposes(Protocol):
    """Keeps a suggestion until a person accepts or dismisses it."""

    def __call__(
        self, kind: str, patient_id: PatientId, made: Callable[[ProposalId], Attachment]
    ) -> Attachment: ...


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a function may use. `may_leave`: whether the model may hear of that patient."""

    asker: Asker
    sources: Sources
    zone: ZoneInfo
    propose: Proposes
    may_leave: Callable[[PatientId], bool] = lambda _: True
    think: Thinks | None = None

    @property
    def today(self) -> date:
        return self.asker.now.astimezone(self.zone).date()


@dataclass(frozen=True, kw_only=True)
class Found:
    """`data` is for the model, `lines` are for a person; `about` names every patient in `data`."""

    data: Any
    lines: list[str]
    attachments: list[Attachment] = field(default_factory=list)
    about: tuple[PatientId, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The arguments of one call as texts; each is checked where it is read."""

    texts: Mapping[str, str]
    patient_id: PatientId | None = None

    def text(self, name: str) -> str:
        return self.texts.get(name, "").strip()

    def needed(self, name: str, title: str) -> str:
        """The text; refused where there is none."""
        if not self.text(name):
            raise Refused("assistant.argument", f"Say {title}.", field=name)
        return self.text(name)

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if not text:
            return None
        found = _ISO.search(text)
        try:
            return date.fromisoformat(found[0] if found else text)
        except ValueError:
            raise Refused(
                "assistant.argument", "Write the day as year-month-day, such as 2026-03-09.", field=name
            ) from None

    def the_patient(self) -> PatientId:
        if self.patient_id is None:
            raise Refused("assistant.argument", "Choose a patient first.", field="patient_id")
        return self.patient_id


@dataclass(frozen=True, kw_only=True)
class Function:
    """One line of the table. `patient`: "no", "maybe" or "needed"; `doing` is shown while it runs."""

    name: str
    title: str
    description: str
    doing: str
    permission: Permission
    run: Callable[[Case, Arguments], Found]
    parameters: Sequence[ToolParameter] = ()
    patient: str = "no"
    needs_internet: bool = False

    def schema(self) -> dict[str, Any]:
        """The parameters as the model is told of them: texts only, and the pseudonym of a patient."""
        properties: dict[str, Any] = {}
        required = [one.name for one in self.parameters if one.required]
        if self.patient != "no":
            properties["patient"] = {"type": "string", "description": "A pseudonym such as PATIENT-A."}
            required += ["patient"] if self.patient == "needed" else []
        for one in self.parameters:
            properties[one.name] = {"type": "string", "description": one.hint or one.title}
            if one.choices:
                properties[one.name]["enum"] = list(one.choices)
        return {"type": "object", "properties": properties, "required": required}

    def refuse_odd(self, texts: Mapping[str, str]) -> None:
        """Names the argument that is missing, unknown or too long."""
        known = {one.name: one for one in self.parameters}
        for name, text in texts.items():
            if name not in known:
                raise Refused("assistant.argument", f"There is no field “{name}” here.", field=name)
            if len(text) > MAX_ARGUMENT_CHARACTERS:
                raise Refused("assistant.argument", f"“{known[name].title}” is too long.", field=name)
            if known[name].choices and text and text not in known[name].choices:
                raise Refused(
                    "assistant.argument", f"Choose “{known[name].title}” from the list.", field=name
                )
        for one in self.parameters:
            if one.required and not texts.get(one.name, "").strip():
                raise Refused("assistant.argument", f"Fill in “{one.title}”.", field=one.name)


def header_of(case: Case, patient_id: PatientId) -> PatientHeader:
    """The patient as lists show them, asked for like any screen does."""
    return case.asker.ask(GetPatient(patient_id=patient_id)).header
