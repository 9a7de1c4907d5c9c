"""Before a server serves: whether its clinic goes on elsewhere, restored while this one was lost."""

import hmac
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg

from hms_server.contract.pairing import fingerprint
from hms_server.epoch import epoch_proof, epoch_text
from hms_server.keys import ServerKeys, load
from hms_server.listening import ListenRefused
from hms_server.upkeep.neighbours import SeenServer, look_around

LOOK_S = 2.0
GIVE_UP_S = 15.0
"""Whatever a network is full of, people wait no longer than that for their server."""
HERE = "127.0.0.1"


class Lookout:
    """Looks round in the network while the database gets ready, for a server that announces itself.

    One without keys has no clinic yet, or only just its own, and looks for nobody.
    """

    def __init__(
        self, keys_path: Path, *, announces: bool, look: Callable[[], Sequence[SeenServer]] | None = None
    ) -> None:
        self._keys_path = keys_path
        self._look = look or _look
        self._seen: Sequence[SeenServer] = ()
        looks = announces and keys_path.exists()
        self._thread = Thread(target=self._run, name="hms-lookout", daemon=True) if looks else None
        if self._thread is not None:
            self._thread.start()

    def refuse_older_past(self, connection: psycopg.Connection[Any], *, give_up_s: float = GIVE_UP_S) -> None:
        """`ListenRefused` where a server with this clinic's keys serves records that began anew after these.

        Workstations would trust both, and what is entered would go to either. Only a holder of the keys can
        prove a newer past, so nobody else in the network keeps a server from its start.
        """
        if self._thread is None or not self._keys_path.exists():
            return
        self._thread.join(give_up_s)
        newer = find_newer(self._seen, keys=load(self._keys_path), epoch=epoch_text(connection))
        if newer is not None:
            where = ", ".join(each for each in newer.addresses if each != HERE) or "another place"
            raise ListenRefused(
                f"This clinic goes on at {where}, restored from a backup or moved after this server was last "
                "used. This one does not start, since workstations would trust both. If the other is the "
                "wrong one, switch it off and start this one again."
            )

    def _run(self) -> None:
        self._seen = self._look()


def _look() -> Sequence[SeenServer]:
    # A network in which nothing is heard is no reason to let people wait for their server.
    return look_around(look_s=LOOK_S).servers


def find_newer(seen: Sequence[SeenServer], *, keys: ServerKeys, epoch: str) -> SeenServer | None:
    """A server of the same keys that has proved a newer epoch than this one."""
    ours = fingerprint(keys.public_key)
    for each in seen:
        if each.fingerprint != ours or not _is_newer(each.epoch, epoch):
            continue
        if hmac.compare_digest(each.proof.encode(), epoch_proof(keys.audit_key, each.epoch).encode()):
            return each
    return None


def _is_newer(epoch: str, than: str) -> bool:
    return epoch.isdecimal() and than.isdecimal() and int(epoch) > int(than)
