"""Remembers which version each workstation runs, as they say it themselves when they ask for an update."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from hms_server.contract.updates import GetUpdate, Version
from hms_server.contract.values import DeviceId
from hms_server.dispatch import Route
from hms_server.work import Work


class DesktopVersions:
    """Written by workers, read by housekeeping; a server that starts anew hears of all within a day."""

    def __init__(self) -> None:
        self._told: dict[DeviceId, str] = {}

    def listen(self, routes: Sequence[Route[Any]]) -> list[Route[Any]]:
        """The same routes, where what workstations say of themselves is remembered."""
        return [self._heard(route) if route.request is GetUpdate else route for route in routes]

    def older_than(self, version: str, connection: psycopg.Connection[Any]) -> list[str]:
        """The names of workstations with an older program, such as "Front desk (0.1.0)"."""
        old = {device: told for device, told in list(self._told.items()) if _is_older(told, version)}
        if not old:
            return []
        rows = connection.execute(NAMES, (list(old),)).fetchall()
        return [f"{name} ({old[device]})" for device, name in rows]

    def _heard(self, route: Route[Any]) -> Route[Any]:
        handler = route.handler

        def handle(work: Work, request: GetUpdate) -> Any:
            self._told[work.actor.device_id] = request.version
            return handler(work, request)

        return replace(route, handler=handle)


def _is_older(version: str, than: str) -> bool:
    try:
        return Version.read(version) < Version.read(than)
    except ValueError:
        return False


NAMES = "select id, name from device where id = any(%s) and revoked_at is null order by name"
