"""Everybody outside on loopback, each behind a line that comes and goes, and payers who pay when they can."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

from tests.faults.internet_server import QuickClock
from tests.outside.gemini import OVERLOADED, FakeGemini, busy
from tests.outside.local import LocalServer, Reply, Seen
from tests.outside.paystack import DOWN, TOO_MANY, FakePaystack
from tests.outside.proxy import FaultyLine, Passage, Weather
from tests.outside.sms import FakeTwilio
from tests.outside.smtp import MailServer

KEY = "0123456789abcdef"
ERRORS = 0.1
"""Share of requests that end with a fault of the provider; a third of those were carried out before."""
LONGEST_DELAY = timedelta(seconds=60)
UP_MINUTES, DOWN_MINUTES = (2.0, 6.0), (1.0, 3.0)
ODD_SHARE = 0.1
"""So many payers bear the fees, or pay another amount than was asked for."""


class DoublingLine(FaultyLine):
    """Doubles what the other side can recognise as the same, and what only asks.

    A refund and a message have no key by which the provider would know them again; there TLS refuses a
    doubled record.
    """

    async def _repeat(self, request: bytes) -> None:
        if not request.startswith(b"POST /refund"):
            with suppress(OSError):
                await super()._repeat(request)


class World:
    """All providers and their lines; `calm` and `storm` say what the internet is like."""

    def __init__(self, clock: QuickClock, *, seed: int) -> None:
        self.clock = clock
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable choice of troubles, no secret
        self.paystack = FakePaystack(now=clock)
        self.twilio = FakeTwilio(key=KEY, clock=clock)
        self.gemini = FakeGemini()
        self.mail = MailServer()
        self.asked: Counter[str] = Counter()
        """How often the model has carried out each question."""
        self.stormy = threading.Event()
        self.is_down = False

    @contextmanager
    def opened(self) -> Iterator["World"]:
        with ExitStack() as stack:
            for one in (self.paystack, self.twilio, self.gemini, self.mail):
                stack.enter_context(one)
            self.lines = {
                "paystack": DoublingLine(self.paystack.port),
                "twilio": FaultyLine(self.twilio.server.port),
                "gemini": FaultyLine(self.gemini.port),
                "smtp": FaultyLine(self.mail.port),
            }
            for line in self.lines.values():
                stack.enter_context(line)
            self._fail_sometimes(self.paystack, [DOWN, TOO_MANY])
            self._fail_sometimes(self.twilio.server, [DOWN, TOO_MANY])
            # Google charges nothing for an answer that is an error: what was carried out gets no error.
            refusals = [OVERLOADED, busy()]
            self._fail_sometimes(self.gemini, refusals, carried_out=False, done=self._count_question)
            yield self

    def calm(self) -> None:
        """The internet is there and does what it should."""
        self.stormy.clear()
        self._all_lines(up=True)
        for line in self.lines.values():
            line.weather(Weather(), chance=self.chance)

    def storm(self) -> None:
        """The internet is there, and it is as in a clinic."""
        self.stormy.set()
        self._all_lines(up=True)
        bad = Weather(
            cut=0.06,
            half_open=0.02,
            swallow=0.02,
            delayed=0.2,
            longest_delay_s=self.clock.real_s(LONGEST_DELAY),
        )
        doubling = Weather(**{**vars(bad), "twice": 0.05})
        for name, line in self.lines.items():
            line.weather(doubling if name == "paystack" else bad, chance=self.chance)

    def come_and_go(self, ended: threading.Event) -> None:
        """Until the day is over: some minutes there, some minutes refused or swallowed without a sign."""
        while not ended.is_set():
            self.storm()
            if self._wait(ended, UP_MINUTES):
                return
            if self.chance.random() < 0.7:
                self._all_lines(up=False)
            else:
                for line in self.lines.values():
                    line.always(Passage(half_open=True))
            self._wait(ended, DOWN_MINUTES)

    def serve_payers(self, ended: threading.Event, shown: Callable[[], set[str]]) -> None:
        """Payers pay the pages that they were shown, and Paystack returns money, until the day is over."""
        while not ended.wait(0.1):
            seen = shown()
            for reference in seen & self.payable():
                if self.chance.random() < 0.3:
                    self.let_pay(reference)
            if self.chance.random() < 0.1:
                self.paystack.move_refunds("failed" if self.chance.random() < 0.1 else "processed")

    def payable(self) -> set[str]:
        with self.paystack.lock:
            rows = list(self.paystack.payments.values())
        return {row.reference for row in rows if row.status not in {"success", "reversed"}}

    def let_pay(self, reference: str) -> None:
        """The payer pays; a notice may come, or two, or none."""
        asked = self.paystack.payments[reference].requested
        how: dict[str, Any] = {}
        if self.chance.random() < ODD_SHARE:
            how = self.chance.choice(
                [{"bears_fees": True}, {"amount": asked // 2}, {"amount": asked * 5 // 4}]
            )
        # The server that takes the notices may be dead just now; Paystack then knows no better either.
        with suppress(OSError):
            self.paystack.pay(reference, notices=self.chance.choice([0, 0, 1, 2]), **how)

    def _wait(self, ended: threading.Event, minutes: tuple[float, float]) -> bool:
        return ended.wait(self.clock.real_s(timedelta(minutes=self.chance.uniform(*minutes))))

    def _all_lines(self, *, up: bool) -> None:
        self.is_down = not up
        for line in self.lines.values():
            line.come_up() if up else line.go_down()

    def _fail_sometimes(
        self,
        server: LocalServer,
        faults: list[Reply],
        *,
        carried_out: bool = True,
        done: Callable[[Seen], None] = lambda _: None,
    ) -> None:
        true = server._answer

        def answer(seen: Seen) -> Reply:
            lot = self.chance.random() if self.stormy.is_set() else 1.0
            if lot < ERRORS * 2 / 3:
                return self.chance.choice(faults)
            if lot < ERRORS and not carried_out:
                return faults[0]
            reply = true(seen)
            done(seen)
            return faults[0] if lot < ERRORS else reply

        server._answer = answer

    def _count_question(self, seen: Seen) -> None:
        if "enerateContent" in seen.path:
            self.asked[seen.json()["contents"][-1]["parts"][0]["text"]] += 1
