"""Passwords are checked in a helper process, which may be killed without anybody being shut out."""

from concurrent.futures import ThreadPoolExecutor

import psutil

from hms_server.accounts.passwords import DECOY_HASH, PasswordDesk


def test_a_helper_that_was_killed_is_replaced() -> None:
    """A system short of memory kills it; several people are at their desks meanwhile."""
    desk = PasswordDesk()
    try:
        stored = desk.hash("correct horse")
        for pid in list(desk._pool._processes):
            psutil.Process(pid).kill()
        with ThreadPoolExecutor(3) as people:
            asked = [people.submit(desk.check, stored, typed) for typed in ("correct horse", "wrong", "")]
            found = [each.result() for each in asked]
        again = desk.check(DECOY_HASH, "correct horse")
    finally:
        desk.close()

    assert found == [True, False, False]
    assert again is False
