"""What an older version wrote on this workstation is read by this one: these bytes were written by 0.1.0."""

import base64
from datetime import UTC, datetime
from pathlib import Path

from hms_desktop.connection.pairings import Pairings
from hms_desktop.drafts import DraftKey, draft_store
from hms_server.contract.values import PatientId, StaffId

DRAFT = (
    "pOyWiVyMCSNgPm542t7YlTHWN/QVydpopSJkPerib3kQIYVKAfrHMgFlyOSlY9L8I7dp+sYiL6l/+x/ccnhjMckFwpEt2KEkHXPo"
    "AfEe4aPTUUGZCHwyBDf9poiCJ6T6OrKPFdXY0XSRgM77YVPBYyGI"
)
PAIRINGS = """{
  "pairings": [
    {
      "server": {
        "name": "Unity Clinic",
        "addresses": ["tcp://10.0.0.5:7717"],
        "public_key": "server",
        "device_name": "Desk"
      },
      "public_key": "public",
      "secret_key": "secret"
    }
  ]
}"""


def test_a_draft_of_the_version_before_is_there(tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts/5-7-none-vitals.draft").write_bytes(base64.b64decode(DRAFT))
    store = draft_store(tmp_path, "secret")
    key = DraftKey(staff_id=StaffId(5), patient_id=PatientId(7), encounter_id=None, kind="vitals")

    draft = store.load(key)

    assert store.pending(StaffId(5)) == [key]
    assert draft is not None
    assert draft.data == {"note": "Fever since Monday", "pulse": "104"}
    assert draft.saved_at == datetime(2026, 11, 20, 9, 42, 7, tzinfo=UTC)


def test_a_pairing_of_the_version_before_is_there(tmp_path: Path) -> None:
    """Else every workstation would have to be paired again after an update."""
    path = tmp_path / "pairings.json"
    path.write_text(PAIRINGS)
    path.chmod(0o600)

    pairing = Pairings(tmp_path, keychain=None).find()

    assert pairing is not None
    assert pairing.keys.secret_key == "secret"
    assert pairing.server.addresses == ["tcp://10.0.0.5:7717"]
