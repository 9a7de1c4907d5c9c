"""What becomes of a signed notice of Paystack: stored first, then brought into the books, once."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from hms_server.contract.paystack import OnlineState
from hms_server.dispatch import Dispatcher
from hms_server.paystack import nightly
from hms_server.paystack.messages import UnreadableError, WebhookEvent, read_webhook
from hms_server.paystack.models import find_transaction
from hms_server.paystack.postings import learn
from hms_server.paystack.provider import NAME, line_of
from hms_server.paystack.refunding import REFUND
from hms_server.paystack.rules import without_number
from hms_server.paystack.watching import WATCH
from hms_server.paystack.webhook import WebhookEndpoint
from hms_server.relay import jobs
from hms_server.relay.ground import Ground
from hms_server.work import Work

SECRET_FOR_S = 2.0


def forget_before(connection: psycopg.Connection[Any], moment: datetime) -> int:
    """Drops notices that were acted on and came before that: the books say what became of them."""
    return connection.execute(FORGET, (moment,)).rowcount


def endpoint(address: tuple[str, int], ground: Ground, dispatcher: Dispatcher) -> WebhookEndpoint:
    """Listens there from now on, and serves once it is started; raises OSError where that is not possible."""
    notices = Notices(ground, dispatcher)
    return WebhookEndpoint(*address, secret=notices.secret, received=notices.received)


class Notices:
    """Given to the webhook's endpoint, whose threads live for one notice: none keeps its connection."""

    def __init__(
        self, ground: Ground, dispatcher: Dispatcher, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._providers = ground.providers
        self._vault = ground.vault.kept_for(NAME)
        self._dispatcher = dispatcher
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._secret: str | None = None
        self._fresh_until = -1.0

    def secret(self) -> str | None:
        """The key with which notices are signed; None while Paystack is not set up.

        Strangers who knock cost the database one look in `SECRET_FOR_S`; a notice that comes just when the
        key is changed is refused, and Paystack sends it again.
        """
        with self._lock:
            if self._monotonic() >= self._fresh_until:
                self._secret = self._read_secret()
                self._fresh_until = self._monotonic() + SECRET_FOR_S
            return self._secret

    def _read_secret(self) -> str | None:
        def read(work: Work) -> str | None:
            line = line_of(work, self._providers) if self._providers.enabled(work, NAME) else None
            return None if line is None else line.secret

        try:
            return self._dispatcher.act("paystack.key", read, audited=_never)
        finally:
            self._dispatcher.close_thread()

    def received(self, event: str, raw: bytes, /) -> None:
        """Stores the notice, then acts on it in a second transaction: what cannot be acted on is kept.

        What raises here makes Paystack send the notice again, and it is acted on then.
        """
        try:
            event_id = self._dispatcher.act(
                "paystack.notice", lambda work: self._store(work, event, raw), audited=_never
            )
            if event_id is not None:
                self._dispatcher.act(
                    "paystack.notice", lambda work: self._act_on(work, event_id, raw), audited=_never
                )
        finally:
            self._dispatcher.close_thread()

    def _store(self, work: Work, event: str, raw: bytes) -> int | None:
        """None where it came before and was acted on."""
        fingerprint = self._vault.fingerprint(raw)
        params = {
            "fingerprint": fingerprint,
            "event": event[:200],
            "reference": _reference_in(raw),
            "body": self._vault.seal(raw, bound_to=fingerprint),
            "now": work.now,
        }
        event_id, is_done = work.connection.execute(STORE, params).fetchone() or (None, True)
        return None if is_done else event_id

    def _act_on(self, work: Work, event_id: int, raw: bytes) -> None:
        try:
            outcome = self._outcome(work, read_webhook(raw))
        except UnreadableError as error:
            outcome = f"It was kept, but cannot be read: {error}"
        work.send(ACTED, {"id": event_id, "now": work.now, "outcome": outcome[:500]})

    def _outcome(self, work: Work, notice: WebhookEvent) -> str:
        transaction = notice.transaction()
        if transaction is not None:
            _hurry(work, transaction.reference)
            learnt = learn(work, self._vault, transaction)
            return "It was posted." if learnt.is_posted else "It changed nothing in the books."
        if notice.refund() is not None:
            return _look_at_refunds(work, notice)
        if notice.reference is not None and notice.event.startswith("charge.dispute."):
            return _compare(work)
        return "It concerns nothing here."


def _hurry(work: Work, reference: str) -> None:
    """A notice is signed, and yet Paystack's answer to our own question counts: it is asked soon."""
    ours = find_transaction(work, without_number(reference))
    if ours is not None and ours.state == OnlineState.OPEN:
        jobs.hurry(work, WATCH, ours.job_key)


def _look_at_refunds(work: Work, notice: WebhookEvent) -> str:
    """It names no refund, so all of that payment which are on their way are asked for."""
    tags = [tag for (tag,) in work.connection.execute(ON_THEIR_WAY, (notice.reference,))]
    for tag in tags:
        jobs.hurry(work, REFUND, tag)
    if tags:
        return "The refunds of that payment are asked for."
    theirs = notice.refund()
    if theirs is not None and work.value(SETTLED_SO, (notice.reference, theirs.status)):
        return "It changed nothing in the books."
    return _compare(work)


def _compare(work: Work) -> str:
    nightly.ask_at_once(work)
    return "Nothing here explains it: the books are compared with Paystack's list."


def _reference_in(raw: bytes) -> str | None:
    try:
        reference = read_webhook(raw).reference
    except UnreadableError:
        return None
    return reference[:200].replace("\0", "") if reference else None


def _never(_answer: object) -> bool:
    return False


STORE = """
insert into paystack_event (fingerprint, event, reference, body, received_at)
values (%(fingerprint)s, %(event)s, %(reference)s, %(body)s, %(now)s)
on conflict on constraint paystack_event_once do update set times = paystack_event.times + 1
returning id, processed_at is not null
"""

FORGET = "delete from paystack_event where processed_at is not null and received_at < %s"

ACTED = "update paystack_event set processed_at = %(now)s, outcome = %(outcome)s where id = %(id)s"

ON_THEIR_WAY = "select tag from paystack_refund where reference = %s and state in ('asked', 'pending')"

SETTLED_SO = "select exists (select from paystack_refund where reference = %s and state = %s)"
