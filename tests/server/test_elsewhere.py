"""A lost server that comes back does not start beside the clinic that was restored from its backup."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from hms_server.console.elsewhere import Lookout, find_newer
from hms_server.contract.pairing import fingerprint
from hms_server.epoch import begin_epoch, epoch_proof, epoch_text
from hms_server.keys import ServerKeys, load_or_create, with_new_pair
from hms_server.listening import ListenRefused
from hms_server.upkeep.neighbours import SeenServer
from tests.server.desk import Desk

OLDER, OWN, NEWER = "10", "30146957418691853", "30146957418691854"


def announced(keys: ServerKeys, epoch: str, *, proof: str | None = None) -> SeenServer:
    return SeenServer(
        clinic="Sunrise Clinic",
        fingerprint=fingerprint(keys.public_key),
        addresses=["192.0.2.9"],
        port=7717,
        version="0.1.0",
        epoch=epoch,
        proof=epoch_proof(keys.audit_key, epoch) if proof is None else proof,
    )


def test_only_a_newer_past_that_is_proved_counts(tmp_path: Path) -> None:
    """A second server has the same, a lost one an older; a stranger in the network proves nothing."""
    keys, strange = load_or_create(tmp_path / "keys.json"), load_or_create(tmp_path / "strange.json")
    harmless = [
        announced(keys, OLDER),
        announced(keys, OWN),
        announced(keys, NEWER, proof=""),
        announced(keys, NEWER, proof=epoch_proof(strange.audit_key, NEWER)),
        announced(keys, NEWER, proof=epoch_proof(keys.audit_key, OWN)),
        announced(keys, "newest of all"),
        announced(strange, NEWER),
        # Its key was replaced, so that workstations do not trust it.
        announced(with_new_pair(keys), NEWER),
    ]

    assert find_newer(harmless, keys=keys, epoch=OWN) is None
    assert find_newer([*harmless, announced(keys, NEWER)], keys=keys, epoch=OWN) == announced(keys, NEWER)


def test_the_lost_server_says_where_the_clinic_is(desk: Desk, tmp_path: Path) -> None:
    """And the restored one starts beside it."""
    path = tmp_path / "keys.json"
    keys = load_or_create(path)
    with desk.connect() as connection:
        lost = epoch_text(connection)
        with connection.transaction(force_rollback=True):
            begin_epoch(connection, datetime(2026, 11, 21, tzinfo=UTC))
            restored = epoch_text(connection)
            beside_lost = Lookout(path, announces=True, look=lambda: [announced(keys, lost)])
            beside_lost.refuse_older_past(connection)
        returning = Lookout(path, announces=True, look=lambda: [announced(keys, restored)])
        with pytest.raises(ListenRefused, match=r"goes on at 192\.0\.2\.9"):
            returning.refuse_older_past(connection)


def test_a_network_that_is_never_through_keeps_no_server_from_its_start(desk: Desk, tmp_path: Path) -> None:
    """Anybody may announce a thousand servers that answer no question."""
    path = tmp_path / "keys.json"
    keys = load_or_create(path)
    through = Event()

    def look() -> list[SeenServer]:
        through.wait()
        return [announced(keys, NEWER)]

    with desk.connect() as connection:
        lookout = Lookout(path, announces=True, look=look)
        lookout.refuse_older_past(connection, give_up_s=0.01)
        through.set()
        with pytest.raises(ListenRefused):
            lookout.refuse_older_past(connection)


def test_without_keys_nobody_is_looked_for(desk: Desk, tmp_path: Path) -> None:
    """A fresh machine that waits for its set-up tries every two seconds whether there is a clinic."""
    asked: list[str] = []

    def look() -> list[SeenServer]:
        asked.append("looked")
        return []

    with desk.connect() as connection:
        Lookout(tmp_path / "keys.json", announces=True, look=look).refuse_older_past(connection)

    assert asked == []
