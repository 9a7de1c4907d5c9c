"""What happens to questions and answers because time has passed."""

from datetime import timedelta
from typing import LiteralString

from hms_server.assistant import provider
from hms_server.assistant.answering import KIND, UNSENT, end, key_of
from hms_server.assistant.knowing import forget_known
from hms_server.assistant.models import Keeper, locked
from hms_server.assistant.requests import keeper_of
from hms_server.contract.assistant import AnswerState, MessageId
from hms_server.dispatch import Dispatcher
from hms_server.relay.ground import Ground
from hms_server.relay.jobs import cancel, hold
from hms_server.work import Work

GIVEN_BACK_AFTER = timedelta(seconds=45)
INTERVIEWS_KEPT = timedelta(days=30)


def give_back_waiting(dispatcher: Dispatcher, ground: Ground) -> int:
    """Gives questions back to their people that wait for an internet that has gone; gives how many."""
    keeper = keeper_of(ground)
    return dispatcher.act("assistant.give_back", lambda work: _give_back(work, keeper))


def forget_old(dispatcher: Dispatcher) -> None:
    """Known answers after a week, interviews after a month."""
    dispatcher.act("assistant.forget", _forget, audited=lambda _: False)


def _give_back(work: Work, keeper: Keeper) -> int:
    params = {"before": work.now - GIVEN_BACK_AFTER, "gemini": provider.NAME}
    stuck: list[tuple[MessageId, int]] = work.connection.execute(STUCK, params).fetchall()
    hold(work, KIND, [key_of(message_id, attempt) for message_id, attempt in stuck])
    given_back = 0
    for message_id, _attempt in stuck:
        answer = locked(work, message_id)
        if answer is None or answer.state != AnswerState.WAITING:
            continue
        cancel(work, KIND, key_of(answer.id, answer.attempt))
        end(work, keeper, answer, AnswerState.UNSENT, UNSENT)
        given_back += 1
    return given_back


def _forget(work: Work) -> None:
    forget_known(work)
    work.send("delete from assistant_interview where started_at < %s", (work.now - INTERVIEWS_KEPT,))


STUCK: LiteralString = """
select id, attempt from assistant_message
where state = 'waiting' and not parked and at < %(before)s
    and exists (select from relay_destination where name = %(gemini)s and open_until is not null)
order by id limit 100
"""
