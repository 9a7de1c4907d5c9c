"""When a message may leave, and how much of an address a list shows."""

from datetime import datetime, time, timedelta, tzinfo

from hms_server.contract.messaging import Channel, MessageState

SHOWN_DIGITS = 4
LONGEST_EMAIL_NAME_SHOWN = 1
MAY_SEND_AGAIN = frozenset({MessageState.FAILED, MessageState.UNCERTAIN, MessageState.NOT_SENT})
REMIND_BEFORE = timedelta(hours=24)


def end_of_quiet(now: datetime, *, quiet_from: time, quiet_until: time, zone: tzinfo) -> datetime | None:
    """When the quiet hours end that hold `now`; None outside of them, or where there are none."""
    if quiet_from == quiet_until:
        return None
    local = now.astimezone(zone)
    clock = local.time()
    over_midnight = quiet_from > quiet_until
    begun, ended = clock >= quiet_from, clock >= quiet_until
    if (ended and not begun) if over_midnight else (ended or not begun):
        return None
    day = local.date() + timedelta(days=int(over_midnight and clock >= quiet_from))
    end = datetime.combine(day, quiet_until, tzinfo=zone)
    # Where the clocks go back, that time comes twice: the first may be over already.
    return max(end.replace(fold=fold).astimezone(now.tzinfo) for fold in (0, 1))


def hidden(address: str, channel: Channel) -> str:
    """Enough of an address to tell it from another, and not enough to use it."""
    if channel is Channel.EMAIL:
        name, _, domain = address.rpartition("@")
        return f"{name[:LONGEST_EMAIL_NAME_SHOWN]}•••@{domain}"
    return f"{address[:4]} ••• {address[-SHOWN_DIGITS:]}"


def pause_before_report(age: timedelta) -> timedelta | None:
    """How long to wait before the provider is asked again what became of a message; None: no more."""
    for younger_than, pause in _REPORT_PAUSES:
        if age < younger_than:
            return pause
    return None


_REPORT_PAUSES = (
    (timedelta(minutes=2), timedelta(seconds=20)),
    (timedelta(minutes=15), timedelta(minutes=2)),
    (timedelta(hours=3), timedelta(minutes=15)),
    (timedelta(days=3), timedelta(hours=4)),
)
