"""A lost server that comes back does not start beside the clinic that was restored from its backup."""

from datetime import UTC, datetime
from pathlib import Path

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
            Lookout(announces=True, look=lambda: [announced(keys, lost)]).refuse_older_past(connection, path)
        returning = Lookout(announces=True, look=lambda: [announced(keys, restored)])
        with pytest.raises(ListenRefused, match=r"goes on at 192\.0\.2\.9"):
            returning.refuse_older_past(connection, path)
