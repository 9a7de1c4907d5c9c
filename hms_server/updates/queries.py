"""What a workstation is told about newer programs, and the parts of one."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from hms_server.contract.build import BUILD
from hms_server.contract.envelope import OLDEST_PROTOCOL
from hms_server.contract.updates import (
    PART_BYTES,
    GetUpdate,
    ReadUpdatePart,
    UpdateOffer,
    UpdatePart,
    Version,
)
from hms_server.dispatch import Lane, Route
from hms_server.faults import Refused
from hms_server.lines import query
from hms_server.updates.catalogue import Catalogue, Kept
from hms_server.updates.pacing import Pacer
from hms_server.work import Work

log = structlog.get_logger()

FOLDER = "updates"
"""Inside the server's data folder."""


class UpdateDesk:
    """Answers every paired device, also before sign-in: installers are no secret, and nights are quiet."""

    def __init__(self, catalogue: Catalogue, pacer: Pacer) -> None:
        self._catalogue = catalogue
        self._pacer = pacer
        self._by_sha256: dict[str, Kept] = {}

    def get_update(self, _work: Work, request: GetUpdate) -> UpdateOffer:
        """The installer of the server's own version, where it is newer than what asks."""
        required = request.protocol < OLDEST_PROTOCOL
        nothing = UpdateOffer(server_version=self._catalogue.version, required=required)
        if not _is_older(request.version, self._catalogue.version):
            return nothing
        kept = self._catalogue.find(platform=request.platform, arch=request.arch, kind=request.kind)
        if kept is None:
            return nothing
        return UpdateOffer(server_version=self._catalogue.version, required=required, update=kept.signed)

    def read_part(self, work: Work, request: ReadUpdatePart) -> UpdatePart:
        """The next bytes, or how long others go first."""
        kept = self._find(request.sha256)
        size_bytes = kept.manifest.size_bytes
        if request.offset >= size_bytes:
            raise Refused("updates.end", "The installer ends before that place. Begin again.", field="offset")
        device = int(work.actor.device_id)
        wait_ms = self._pacer.wait_ms(device, min(PART_BYTES, size_bytes - request.offset))
        if wait_ms:
            return UpdatePart(wait_ms=wait_ms)
        data = self._read(kept, request.offset)
        if request.offset + len(data) >= size_bytes:
            self._pacer.done(device)
        return UpdatePart(data=data)

    def _find(self, sha256: str) -> Kept:
        kept = self._by_sha256.get(sha256)
        if kept is None:
            # Also a command may have added or removed one since.
            self._by_sha256 = {kept.manifest.sha256: kept for kept in self._catalogue.all()}
            kept = self._by_sha256.get(sha256)
        if kept is None:
            raise _gone()
        return kept

    def _read(self, kept: Kept, offset: int) -> bytes:
        try:
            with kept.path.open("rb") as file:
                file.seek(offset)
                data = file.read(min(PART_BYTES, kept.manifest.size_bytes - offset))
        except OSError as error:
            self._by_sha256.pop(kept.manifest.sha256, None)
            log.info("installer not readable", file=kept.path.name, reason=str(error))
            raise _gone() from error
        if not data:
            raise Refused(
                "updates.damaged",
                "The installer on the server is damaged. Whoever looks after the server should add it again.",
            )
        return data


def update_desk(data_dir: Path | None = None) -> UpdateDesk:
    """The desk of a server of this build; without a folder there is never an update."""
    folder = data_dir / FOLDER if data_dir is not None else None
    return UpdateDesk(Catalogue(folder, version=BUILD.version), Pacer(monotonic))


def update_routes(desk: UpdateDesk) -> Sequence[Route[Any]]:
    """Without a permission: a device has to be paired, and nobody signed in."""
    return (
        query(GetUpdate, desk.get_update, None, lane=Lane.SPARE),
        query(ReadUpdatePart, desk.read_part, None, lane=Lane.SPARE),
    )


def _is_older(version: str, than: str) -> bool:
    try:
        return Version.read(version) < Version.read(than)
    except ValueError as trouble:
        log.info("version not understood", reason=str(trouble))
        return False


def _gone() -> Refused:
    return Refused(
        "updates.gone", "The server does not have this installer any more. Look for updates again."
    )
