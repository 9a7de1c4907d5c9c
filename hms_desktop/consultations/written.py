"""What a doctor has written and not signed, as plain values and as a draft."""

import msgspec

from hms_server.contract.consultations import Diagnosis, NoteText, NoteVersion

KIND = "consultation"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """`prescription` as the prescription keeps itself; `corrects` is the version a correction began from."""

    text: NoteText = NoteText()
    diagnoses: list[Diagnosis] = []
    prescription: str = ""
    corrects: int = 0
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        return is_blank(self.text) and not (self.diagnoses or self.prescription or self.reason)


def is_blank(text: NoteText) -> bool:
    """Whether no section says anything."""
    return not any(section.strip() for section in msgspec.structs.astuple(text))


def as_draft(written: Written) -> dict[str, str]:
    """The form in which drafts are kept."""
    return {
        **msgspec.structs.asdict(written.text),
        "diagnoses": msgspec.json.encode(written.diagnoses).decode(),
        "prescription": written.prescription,
        "corrects": str(written.corrects),
        "reason": written.reason,
    }


def from_draft(data: dict[str, str]) -> Written:
    """What was kept."""
    return Written(
        text=NoteText(
            subjective=data["subjective"],
            objective=data["objective"],
            assessment=data["assessment"],
            plan=data["plan"],
        ),
        diagnoses=msgspec.json.decode(data["diagnoses"], type=list[Diagnosis]),
        prescription=data["prescription"],
        corrects=int(data["corrects"]),
        reason=data["reason"],
    )


def newest(notes: list[NoteVersion]) -> NoteVersion | None:
    """The version that counts."""
    return notes[-1] if notes else None
