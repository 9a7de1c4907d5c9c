"""The messages as people see them: with names only for those who may see patients."""

from hms_server.contract.messaging import (
    GetMessage,
    ListMessages,
    MessageId,
    MessageRow,
    Messages,
    MessageText,
)
from hms_server.crypto import Vault
from hms_server.faults import Refused
from hms_server.messaging.models import LISTED, ListedMessage, find_message, unseal
from hms_server.permissions import Permission
from hms_server.work import Work

MOST_ROWS = 200


def list_messages(work: Work, request: ListMessages) -> Messages:
    """The last changed first."""
    named = _sees_patients(work)
    params = {"state": request.state, "patient_id": request.patient_id, "limit": MOST_ROWS}
    rows = work.rows(ListedMessage, LIST, params)
    if named:
        work.concerns(*dict.fromkeys(row.patient_id for row in rows))
    counts = work.connection.execute(COUNTS, params).fetchall()
    return Messages(rows=[row.row(named=named) for row in rows], counts=dict(counts))


class MessageReader:
    """Opens what is sealed."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def get_message(self, work: Work, request: GetMessage) -> MessageText:
        """The words as they were sent; the administrator, who sees no patients, gets none."""
        message = find_message(work, request.message_id)
        if message is None:
            raise unknown_message()
        row = find_row(work, message.id)
        if not _sees_patients(work):
            return MessageText(row=row, subject="", text="")
        work.concerns(message.patient_id)
        content = unseal(self._vault, message.sealed, message.reference)
        return MessageText(row=row, subject=content.subject, text=content.text)


def find_row(work: Work, message_id: MessageId) -> MessageRow:
    """One line of the list."""
    row = work.one(ListedMessage, f"{LISTED} where message.id = %s", (message_id,))
    assert row is not None
    return row.row(named=_sees_patients(work))


def unknown_message() -> Refused:
    return Refused("messaging.unknown", "There is no such message.", field="message_id")


def _sees_patients(work: Work) -> bool:
    return Permission.PATIENT_READ in work.actor.permissions


LIST = f"""
{LISTED}
where (%(state)s::text is null or state = %(state)s)
    and (%(patient_id)s::bigint is null or patient_id = %(patient_id)s)
order by since desc, message.id desc limit %(limit)s
"""
COUNTS = """
select state, count(*) from message
where %(patient_id)s::bigint is null or patient_id = %(patient_id)s
group by state
"""
