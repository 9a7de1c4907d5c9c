"""Which version each workstation runs, as they say it themselves when they ask for an update."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import psycopg

from hms_server.contract.updates import GetUpdate, Version
from hms_server.contract.values import DeviceId
from hms_server.dispatch import Route
from hms_server.work import Work


class DesktopVersions:
    """Heard by workers, of whom a question may write nothing; stored by housekeeping, a minute later."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: dict[DeviceId, str] = {}

    def listen(self, routes: Sequence[Route[Any]]) -> list[Route[Any]]:
        """The same routes, where what workstations say of themselves is remembered."""
        return [self._heard(route) if route.request is GetUpdate else route for route in routes]

    def store(self, connection: psycopg.Connection[Any]) -> None:
        """Writes what was heard since the last time; what cannot be written is kept for the next."""
        with self._lock:
            told, self._told = self._told, {}
        if not told:
            return
        try:
            connection.execute(STORE, {"devices": list(told), "versions": list(told.values())})
        except psycopg.Error:
            with self._lock:
                self._told = told | self._told
            raise

    def older_than(self, version: str, connection: psycopg.Connection[Any]) -> list[str]:
        """The names of workstations with an older program, such as "Front desk (0.1.0)"."""
        rows = connection.execute(VERSIONS).fetchall()
        return [f"{name} ({told})" for name, told in rows if is_older(told, version)]

    def _heard(self, route: Route[Any]) -> Route[Any]:
        handler = route.handler

        def handle(work: Work, request: GetUpdate) -> Any:
            with self._lock:
                self._told[work.actor.device_id] = request.version
            return handler(work, request)

        return replace(route, handler=handle)


def is_older(version: str, than: str) -> bool:
    """False also where it is no version, or none was told yet."""
    try:
        return Version.read(version) < Version.read(than)
    except ValueError:
        return False


STORE = """
update device set version = told.version
from unnest(%(devices)s::bigint[], %(versions)s::text[]) as told (id, version)
where device.id = told.id and device.version <> told.version
"""
VERSIONS = "select name, version from device where revoked_at is null and version <> '' order by name"
