"""Messages, wording and settings for tests of their screens."""

from datetime import time, timedelta
from typing import Any

from hms_server.contract.messaging import (
    Channel,
    MessageId,
    MessageRow,
    Messages,
    MessageState,
    MessagingSettings,
    Placeholder,
    TemplateRow,
    Templates,
)
from hms_server.contract.values import PatientId
from tests.desktop.samples import LONG_NAME, NOW

AGAIN = (MessageState.FAILED, MessageState.UNCERTAIN, MessageState.NOT_SENT)
LOST = "The answer was lost. It may have arrived: ask the patient before you send it again."
PLACEHOLDERS = [
    Placeholder(name="name", meaning="The patient's given names", example="Ada", required=False),
    Placeholder(name="when", meaning="Day and time", example="Tuesday", required=True),
]
SETTINGS = MessagingSettings(quiet_from=time(21), quiet_until=time(7), country="NG", language="en")


def message(number: int, state: MessageState, **others: Any) -> MessageRow:
    """A message of Adaeze Okonkwo, unless said otherwise."""
    known: dict[str, Any] = {
        "template": "appointment_booked",
        "title": "Appointment booked",
        "patient_id": PatientId(number),
        "patient_number": f"P00044{number}-1",
        "patient_name": "Adaeze Okonkwo",
        "channel": Channel.SMS,
        "to": "+234 ••• 0182",
        "why": "",
        "asked_at": NOW - timedelta(minutes=number),
        "asked_by": "Grace Mensah",
        "since": NOW - timedelta(minutes=number),
        "send_at": None,
        "segments": 1,
        "again_of": None,
        "sent_again": False,
        "can_send_again": state in AGAIN,
    }
    return MessageRow(id=MessageId(number), state=state, **(known | others))


WAITS = message(1, MessageState.QUEUED, send_at=NOW + timedelta(hours=20))
LOST_ONE = message(2, MessageState.UNCERTAIN, why=LOST, patient_name=LONG_NAME)
WRONG = message(3, MessageState.FAILED, why="The number does not exist any more.")
ARRIVED = message(4, MessageState.DELIVERED, segments=2)
ALL = [WAITS, LOST_ONE, WRONG, ARRIVED]
COUNTS = {"queued": 1, "uncertain": 1, "failed": 1, "delivered": 1}


def listed(rows: list[MessageRow]) -> Messages:
    return Messages(rows=rows, counts=COUNTS)


def template(name: str, language: str, text: str, **others: Any) -> TemplateRow:
    known: dict[str, Any] = {
        "title": {"booked": "Appointment booked", "moved": "Appointment moved"}[name],
        "subject": "Come on {when}",
        "placeholders": PLACEHOLDERS,
        "own": False,
        "shipped": True,
        "changed": None,
        "example": text.replace("{name}", "Ada").replace("{when}", "Tuesday"),
        "segments": 1,
    }
    return TemplateRow(name=name, language=language, text=text, **(known | others))


TEMPLATES = Templates(
    rows=[
        template("booked", "en", "Hello {name}: {when}."),
        template("booked", "fr", "Bonjour {name} : {when}."),
        template("moved", "en", "Moved to {when}."),
    ],
    languages=["en", "fr"],
)
