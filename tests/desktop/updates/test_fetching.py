"""A download goes on where it stopped, and what comes is what was signed or is thrown away."""

from pathlib import Path
from threading import Event

import pytest

from hms_desktop.connection.faults import FaultError
from hms_desktop.updates.fetching import TRIES, Fetcher, Stopped
from hms_desktop.updates.store import SPARED_BYTES, UpdateStore
from hms_desktop.updates.trusted import UpdateRefused
from hms_server.contract.envelope import Fault
from hms_server.contract.updates import PART_BYTES, Manifest, ReadUpdatePart, UpdatePart
from tests.desktop.updates.lines import LINK_DOWN, FakeLine, manifest_of
from tests.server.updates.installers import parts_of

CONTENT = b"".join(parts_of(3 * PART_BYTES + 100))
MANIFEST = manifest_of(CONTENT)


@pytest.fixture
def store(tmp_path: Path) -> UpdateStore:
    return UpdateStore(tmp_path / "updates")


def fetch(
    store: UpdateStore, line: FakeLine, manifest: Manifest = MANIFEST, *, stop: Event | None = None
) -> Path:
    told: list[int] = []
    fetcher = Fetcher(
        line, store, stop=stop or Event(), progress=lambda here, _: told.append(here), retry_s=0.0
    )
    path = fetcher.fetch(manifest)
    assert told == sorted(told)
    assert told[-1] == manifest.size_bytes
    return path


def test_the_parts_make_up_the_file(store: UpdateStore) -> None:
    line = FakeLine(content=CONTENT)

    path = fetch(store, line)

    assert path.read_bytes() == CONTENT
    assert line.offsets == [0, PART_BYTES, 2 * PART_BYTES, 3 * PART_BYTES]


def test_what_is_here_already_is_not_fetched_again(store: UpdateStore) -> None:
    fetch(store, FakeLine(content=CONTENT))
    line = FakeLine(content=CONTENT)

    assert fetch(store, line).read_bytes() == CONTENT
    assert line.offsets == []


def test_it_goes_on_after_a_lost_link(store: UpdateStore) -> None:
    failed: list[int] = []

    def fail_once(request: ReadUpdatePart) -> UpdatePart | None:
        if request.offset == PART_BYTES and not failed:
            failed.append(request.offset)
            raise FaultError(LINK_DOWN)
        return None

    line = FakeLine(content=CONTENT, interrupt=fail_once)

    assert fetch(store, line).read_bytes() == CONTENT
    assert line.offsets.count(0) == 1


def test_it_goes_on_after_the_program_was_started_anew(store: UpdateStore, tmp_path: Path) -> None:
    """Also after many tries without an answer, which end this one."""

    def gone(request: ReadUpdatePart) -> UpdatePart | None:
        if request.offset >= 2 * PART_BYTES:
            raise FaultError(LINK_DOWN)
        return None

    broken = FakeLine(content=CONTENT, interrupt=gone)
    with pytest.raises(FaultError):
        fetch(store, broken)
    line = FakeLine(content=CONTENT)

    path = fetch(UpdateStore(tmp_path / "updates"), line)

    assert broken.offsets.count(2 * PART_BYTES) == TRIES
    assert line.offsets == [2 * PART_BYTES, 3 * PART_BYTES]
    assert path.read_bytes() == CONTENT


def test_a_stop_keeps_what_has_come(store: UpdateStore) -> None:
    stop = Event()

    def stop_in_the_middle(request: ReadUpdatePart) -> UpdatePart | None:
        if request.offset == PART_BYTES:
            stop.set()
            return UpdatePart(wait_ms=5000)
        return None

    with pytest.raises(Stopped):
        fetch(store, FakeLine(content=CONTENT, interrupt=stop_in_the_middle), stop=stop)

    assert store.begin(MANIFEST) == PART_BYTES


def test_it_waits_as_long_as_others_go_first(store: UpdateStore) -> None:
    waits = [1, 1, 1]
    line = FakeLine(content=CONTENT, interrupt=lambda _: UpdatePart(wait_ms=waits.pop()) if waits else None)

    assert fetch(store, line).read_bytes() == CONTENT
    assert line.offsets[:4] == [0, 0, 0, 0]


def test_a_swapped_file_is_thrown_away(store: UpdateStore) -> None:
    other = CONTENT[:-1] + b"!"

    with pytest.raises(UpdateRefused, match="not the update that was signed"):
        fetch(store, FakeLine(content=other))

    assert store.begin(MANIFEST) == 0


def test_a_server_that_sends_more_than_was_signed_is_refused(store: UpdateStore) -> None:
    line = FakeLine(content=CONTENT, interrupt=lambda _: UpdatePart(data=CONTENT + b"more"))

    with pytest.raises(UpdateRefused, match="sends more"):
        fetch(store, line)


def test_a_server_that_has_less_than_was_signed_is_refused(store: UpdateStore) -> None:
    with pytest.raises(UpdateRefused, match="sends less"):
        fetch(store, FakeLine(content=CONTENT[:-200]))


def test_a_server_that_has_it_no_more_says_so(store: UpdateStore) -> None:
    gone = Fault(code="updates.gone", message="The server does not have this installer any more.")

    def refuse(_: ReadUpdatePart) -> UpdatePart:
        raise FaultError(gone)

    line = FakeLine(content=CONTENT, interrupt=refuse)
    with pytest.raises(FaultError):
        fetch(store, line)

    assert len(line.offsets) == 1


def test_a_beginning_that_somebody_changed_is_found_at_the_end(store: UpdateStore, tmp_path: Path) -> None:
    store.begin(MANIFEST)
    store.append(MANIFEST, 0, b"x" * PART_BYTES)

    with pytest.raises(UpdateRefused):
        fetch(store, FakeLine(content=CONTENT))

    assert fetch(store, FakeLine(content=CONTENT)).read_bytes() == CONTENT


def test_a_leftover_that_is_too_long_is_begun_anew(store: UpdateStore) -> None:
    store.begin(MANIFEST)
    store.append(MANIFEST, 0, CONTENT + b"more")

    line = FakeLine(content=CONTENT)

    assert fetch(store, line).read_bytes() == CONTENT
    assert line.offsets[0] == 0


def test_another_update_takes_the_place_of_a_half_fetched_one(store: UpdateStore) -> None:
    store.begin(MANIFEST)
    store.append(MANIFEST, 0, CONTENT[:PART_BYTES])
    other = manifest_of(b"other", version="0.4.0")

    path = fetch(store, FakeLine(content=b"other"), other)

    assert [file.name for file in store.folder.iterdir()] == [path.name]


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path / "updates", free_bytes=lambda _: SPARED_BYTES)
    line = FakeLine(content=CONTENT)

    with pytest.raises(UpdateRefused, match="too full for the update: 1 MB more"):
        fetch(store, line)

    assert line.offsets == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "updates").write_text("in the way")

    with pytest.raises(UpdateRefused, match="cannot be kept on this machine"):
        fetch(UpdateStore(tmp_path / "updates"), FakeLine(content=CONTENT))


def test_what_lies_there_is_proved_again_before_it_is_used(store: UpdateStore) -> None:
    path = fetch(store, FakeLine(content=CONTENT))
    path.write_bytes(CONTENT.replace(b"\x00", b"\x01", 1))

    with pytest.raises(UpdateRefused):
        store.prove(MANIFEST)

    assert not path.exists()
