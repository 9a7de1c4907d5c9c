"""A server counts as alive only while workstations get answers."""

from hms_server.life_signs import ROUND_WITHIN_S, WORK_WITHIN_S, LifeSigns


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_router_that_comes_round_is_alive() -> None:
    watch = Watch()
    life = LifeSigns({"worker": 2}, now_s=watch)
    before = life.trouble()

    life.came_round()
    soon_after = life.trouble()
    watch.now_s += ROUND_WITHIN_S + 1

    assert before == "the router has not begun"
    assert soon_after == ""
    assert life.trouble() == "the router has not come round for 31 s"


def test_a_lane_is_stuck_when_all_of_its_workers_are() -> None:
    watch = Watch()
    life = LifeSigns({"worker": 2, "slow": 1}, now_s=watch)
    life.begin("worker", 0)
    watch.now_s += WORK_WITHIN_S + 1
    life.came_round()

    with_one_left = life.trouble()
    life.begin("worker", 1)
    watch.now_s += WORK_WITHIN_S + 1
    life.came_round()
    with_none_left = life.trouble()
    life.end("worker", 0)

    assert with_one_left == ""
    assert with_none_left == "every worker of the lane worker is stuck"
    assert life.trouble() == ""


def test_a_worker_that_answers_is_never_stuck() -> None:
    """However long the server runs."""
    watch = Watch()
    life = LifeSigns({"worker": 1}, now_s=watch)

    for _ in range(20):
        life.begin("worker", 0)
        watch.now_s += WORK_WITHIN_S / 2
        life.end("worker", 0)
    life.came_round()

    assert life.trouble() == ""
