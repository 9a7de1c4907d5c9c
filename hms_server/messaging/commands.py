"""Sending a message once more, because a person has decided so."""

from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import MessageRow, MessageState, SendAgain
from hms_server.faults import Refused
from hms_server.messaging import ask
from hms_server.messaging.ask import Messaging
from hms_server.messaging.models import StoredMessage, find_message
from hms_server.messaging.queries import find_row, unknown_message
from hms_server.messaging.rules import MAY_SEND_AGAIN
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = ask.FAULTS_BY_CONSTRAINT


class MessageDesk:
    """What people do with messages."""

    def __init__(self, messaging: Messaging) -> None:
        self._messaging = messaging

    def send_again(self, work: Work, request: SendAgain) -> MessageRow:
        """A new message; the old one keeps its state and is marked as sent again."""
        message = find_message(work, request.message_id)
        if message is None:
            raise unknown_message()
        work.concerns(message.patient_id)
        _check(work, message)
        new_id = self._messaging.say_again(work, message)
        ask.tell(work, message.id, message.patient_id, MessageState(message.state))
        return find_row(work, new_id)


def _check(work: Work, message: StoredMessage) -> None:
    if message.state not in MAY_SEND_AGAIN:
        waits = message.state == MessageState.QUEUED
        sentence = "This message still waits to be sent." if waits else "This message was sent."
        raise Refused("messaging.not_again", f"{sentence} Nothing was sent a second time.")
    if message.sent_again:
        fault = FAULTS_BY_CONSTRAINT["message_again_once"]
        raise Refused(fault.code, fault.message)
    if message.useless_after is not None and work.now >= message.useless_after:
        raise Refused(
            "messaging.too_late", "What this message is about is over. Call the patient if it still matters."
        )
