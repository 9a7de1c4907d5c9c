"""Destinations, jobs and providers as the server tells of them, in good and bad states."""

from datetime import timedelta

from msgspec import structs

from hms_server.contract.relay import (
    JobId,
    JobRow,
    Jobs,
    JobState,
    ProviderField,
    ProviderRow,
    Reachability,
    Trouble,
)
from hms_server.contract.values import Moment, Person, StaffId
from tests.desktop.samples import NOW

SECRET = "sk_test_0123456789abcdefx3f2"
LIVE_SECRET = "sk_live_9876543210fedcbaq7k9"
ADA = Person(id=StaffId(1), name="Ada Obi")

PAYSTACK_DOWN = Reachability(
    destination="paystack",
    title="Paystack",
    reachable=False,
    since=NOW - timedelta(minutes=30),
    trouble=Trouble.CAPTIVE_PORTAL,
    sentence=(
        "Another page answers instead of api.paystack.co: open any web page on this network and sign in at "
        "the internet line."
    ),
    waiting=3,
    waiting_words="3 payments wait",
    test_mode=True,
)
PAYSTACK_UP = structs.replace(
    PAYSTACK_DOWN, reachable=True, since=NOW, trouble=None, sentence="", waiting=0, waiting_words=""
)
SMS_REFUSED = Reachability(
    destination="twilio",
    title="Twilio (SMS)",
    reachable=False,
    since=NOW - timedelta(days=1),
    trouble=Trouble.KEY,
    sentence="api.twilio.com does not accept the clinic's key: enter it anew, or ask the provider.",
    waiting=1,
    waiting_words="1 SMS waits",
)
MAIL_UP = Reachability(destination="smtp", title="E-mail", reachable=True, since=NOW - timedelta(hours=7))
ROWS = [PAYSTACK_DOWN, MAIL_UP, SMS_REFUSED]


def job(number: int, state: JobState, summary: str, *, to: str = "paystack", why: str = "") -> JobRow:
    return JobRow(
        id=JobId(number),
        kind=f"{to}.verify",
        destination=to,
        summary=summary,
        state=state,
        asked_at=NOW - timedelta(minutes=40),
        asked_by="Ama Serwaa",
        since=NOW - timedelta(minutes=number),
        attempts=number,
        next_at=NOW + timedelta(minutes=2) if state is JobState.WAITING else None,
        why=why,
    )


JOB_ROWS = [
    job(1, JobState.RUNNING, "Check payment HMS-2026-000482 of bill B-001203"),
    job(2, JobState.WAITING, "Check payment HMS-2026-000481 of bill B-001202", why=PAYSTACK_DOWN.sentence),
    job(3, JobState.FAILED, "Refund of 12,500.00 NGN of HMS-2026-000473", why="api.paystack.co says no."),
    job(4, JobState.DONE, "E-mail 87: receipt", to="smtp"),
    job(5, JobState.CANCELLED, "SMS 88: reminder of an appointment", to="termii", why="It was called off."),
    *(job(number, JobState.DONE, f"Check payment HMS-2026-0004{number}") for number in range(6, 24)),
]
JOBS = Jobs(rows=JOB_ROWS, counts={"waiting": 1, "running": 1, "done": 1204, "failed": 1, "cancelled": 1})

PAYSTACK = ProviderRow(
    name="paystack",
    title="Paystack",
    fields=[
        ProviderField(
            name="secret_key",
            title="Secret key",
            secret=True,
            required=True,
            hint="From Paystack's dashboard: Settings, API Keys & Webhooks. sk_test_… is for trying out.",
        ),
        ProviderField(
            name="address", title="Address", default="https://api.paystack.co", hint="Leave it as it is."
        ),
    ],
    settings={},
    secrets_set={"secret_key": "x3f2"},
    enabled=True,
    test_mode=True,
    changed=Moment(at=NOW - timedelta(days=2), by=ADA),
)
NETWORK = ProviderRow(
    name="network",
    title="Internet line",
    fields=[
        ProviderField(name="proxy", title="Proxy", hint="host:port; empty without a proxy"),
        ProviderField(name="user", title="User at the proxy"),
        ProviderField(name="password", title="Password at the proxy", secret=True),
    ],
    settings={"proxy": "proxy.example.org:3128"},
    secrets_set={"password": ""},
    enabled=True,
    test_mode=False,
    changed=Moment(at=NOW, by=ADA),
)
SMTP = ProviderRow(
    name="smtp",
    title="E-mail (SMTP)",
    fields=[
        ProviderField(name="host", title="Server", required=True, hint="smtp.example.org"),
        ProviderField(name="port", title="Port", hint="587 with starttls, 465 with tls"),
        ProviderField(name="security", title="Encryption", default="starttls", hint="starttls or tls"),
        ProviderField(name="user", title="User"),
        ProviderField(name="password", title="Password", secret=True),
        ProviderField(name="sender", title="Sender's address", required=True, hint="clinic@example.org"),
        ProviderField(name="reply_to", title="Answers go to"),
        ProviderField(
            name="authorities", title="Certificates file", hint="Of a server with its own authority"
        ),
    ],
    settings={},
    secrets_set={},
    enabled=False,
    test_mode=False,
    changed=None,
)
PROVIDERS = [NETWORK, PAYSTACK, SMTP]
