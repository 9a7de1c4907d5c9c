"""What a command stores leaves the same trace as a request: a row in the audit, and word to every screen."""

from typing import Any

import msgspec

from hms_server.dispatch import AUDIT, TELL
from hms_server.work import Work


def record(work: Work, name: str) -> None:
    """In the transaction of what was stored; nobody is named, for a command has no one signed in."""
    nobody: dict[str, Any] = {"staff": None, "device": None, "session": None, "patients": []}
    named = {"at": work.now, "id": work.request_id, "name": name, "outcome": "done"}
    work.connection.execute(AUDIT, nobody | named)
    if not work.events:
        return
    told = {
        "event_names": [type(each.event).__name__ for each in work.events],
        "audiences": [each.audience.value for each in work.events],
        "addressees": [each.staff_id for each in work.events],
        "bodies": [msgspec.msgpack.encode(each.event) for each in work.events],
    }
    work.connection.execute(TELL, told | {"at": work.now})
