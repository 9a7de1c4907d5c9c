"""What a nurse has typed for one patient: as text, as a draft, and as the signs that the server gets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from hms_server.contract.plausibility import parse_value
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness, Measured, VitalSigns
from hms_server.contract.vitals import VitalSign

T = TypeVar("T")

_YES_NO = {"yes": True, "no": False}
_SCALES = {"1": 1, "2": 2}
_URGENCIES = {urgency.name.lower(): urgency for urgency in QueuePriority}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """Everything in the form; the texts stay as typed, also where they are no numbers."""

    texts: Mapping[VitalSign, str] = field(default_factory=dict)
    consciousness: Consciousness | None = None
    on_oxygen: bool | None = None
    spo2_scale: int = 1
    pregnant: bool | None = None
    complaint: str = ""
    urgency: QueuePriority | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed or chosen."""
        return not self.as_draft()

    def as_draft(self) -> dict[str, str]:
        """What is there, by the names under which a draft keeps it."""
        said = {
            "consciousness": self.consciousness.value if self.consciousness else "",
            "on_oxygen": _yes_no(self.on_oxygen),
            "spo2_scale": "" if self.spo2_scale == 1 else str(self.spo2_scale),
            "pregnant": _yes_no(self.pregnant),
            "complaint": self.complaint,
            "urgency": "" if self.urgency is None else self.urgency.name.lower(),
        }
        texts = {sign.value: text for sign, text in self.texts.items()}
        return {name: text for name, text in (texts | said).items() if text}

    def as_signs(self, values: Mapping[VitalSign, Decimal]) -> VitalSigns:
        """These values together with all that was chosen."""
        return VitalSigns(
            measured=[Measured(code=sign.value, value=value) for sign, value in values.items()],
            consciousness=self.consciousness,
            on_oxygen=self.on_oxygen,
            spo2_scale=self.spo2_scale,
            pregnant=self.pregnant,
            complaint=self.complaint,
        )


def from_draft(data: Mapping[str, str]) -> Typed:
    """The form as it was kept; what this program does not know is left out."""
    return Typed(
        texts={sign: data[sign.value] for sign in VitalSign if sign.value in data},
        consciousness=_known(data.get("consciousness"), Consciousness, Consciousness),
        on_oxygen=_YES_NO.get(data.get("on_oxygen", "")),
        spo2_scale=_SCALES.get(data.get("spo2_scale", ""), 1),
        pregnant=_YES_NO.get(data.get("pregnant", "")),
        complaint=data.get("complaint", ""),
        urgency=_URGENCIES.get(data.get("urgency", "")),
    )


def merged(typed: Typed, kept: Typed) -> Typed:
    """What stands in the form now; where nothing does, what was kept before."""
    return from_draft(kept.as_draft() | typed.as_draft())


def read_values(texts: Mapping[VitalSign, str]) -> tuple[dict[VitalSign, Decimal], dict[VitalSign, str]]:
    """The numbers, and a sentence for each text that is none."""
    values: dict[VitalSign, Decimal] = {}
    mistakes: dict[VitalSign, str] = {}
    for sign, text in texts.items():
        try:
            value = parse_value(text)
        except ValueError as error:
            mistakes[sign] = str(error)
        else:
            if value is not None:
                values[sign] = value
    return values, mistakes


def _known(text: str | None, choices: Iterable[object], make: Callable[[str], T]) -> T | None:
    return make(text) if text in list(choices) and text is not None else None


def _yes_no(answer: bool | None) -> str:  # noqa: FBT001 - the one value that it says
    return {None: "", True: "yes", False: "no"}[answer]
