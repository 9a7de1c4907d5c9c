"""A real server whose relay knows a post office on loopback, to be killed in the middle of its parcels."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from hms_server.__main__ import main
from hms_server.app import Server
from hms_server.console import serving
from hms_server.crypto import Vault
from hms_server.dispatch import Dispatcher
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Claimed, Destination, Finished, JobKind, Next
from hms_server.relay.outside import Outside
from hms_server.relay.providers import Providers
from hms_server.relay_table import PROVIDERS, RelayTable
from hms_server.work import Work
from tests.server.relay.post import POST, Parcel

POST_OFFICE = "HMS_TEST_POST_OFFICE"
FOUND = 200


def office() -> str:
    """The address of the post office, without a slash at the end."""
    return os.environ[POST_OFFICE]


def perform(need: tuple[int, bool], outside: Outside) -> None:
    """As a careful slice does it: in doubt it looks first whether the parcel is there."""
    number, uncertain = need
    if uncertain:
        seen = outside.request("GET", f"{office()}/parcels/{number}", idempotent=True)
        if seen.status == FOUND:
            return
    outside.request("POST", f"{office()}/parcels/{number}", json={})


def store(work: Work, job: Claimed[Parcel], _result: None) -> Next:
    """Twice would be seen: there is one row for each time."""
    work.send("insert into parcel_stored (number) values (%s)", (job.payload.number,))
    return Finished()


def job_kinds(_ground: Ground, _dispatcher: Dispatcher) -> Sequence[JobKind[Any, Any, Any]]:
    kind: JobKind[Parcel, tuple[int, bool], None] = JobKind(
        name="post.parcel",
        destination="post",
        payload=Parcel,
        prepare=lambda _, job: (job.payload.number, job.uncertain),
        perform=perform,
        store=store,
    )
    return (kind,)


def ground(vault: Vault) -> Ground:
    destination = Destination(name=POST.name, title=POST.title, threads=4)
    return Ground(vault=vault, providers=Providers(vault, PROVIDERS), destinations=(destination,))


if __name__ == "__main__":
    table = RelayTable(ground=ground, job_kinds=job_kinds)
    # The same server with other work: a command line has no option for that, and needs none.
    vars(serving)["Server"] = partial(Server, relay=table)
    sys.exit(main())
