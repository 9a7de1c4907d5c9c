"""Ranks and special needs in the order in which people are called."""

import pytest

from hms_server.contract.priority import QueuePriority, SpecialNeed, special_need_of


def test_the_gravest_rank_sorts_first() -> None:
    assert min(QueuePriority) is QueuePriority.EMERGENCY
    assert max(QueuePriority) is QueuePriority.ROUTINE


def test_having_no_need_sorts_last_within_a_rank() -> None:
    """The queue sorts by rank, then need: the ill without a need stand before the well with one."""
    ill = (QueuePriority.URGENT, SpecialNeed.NONE)
    well = (QueuePriority.ROUTINE, SpecialNeed.UNDER_5)
    plain = (QueuePriority.ROUTINE, SpecialNeed.NONE)

    assert sorted([plain, well, ill]) == [ill, well, plain]


@pytest.mark.parametrize(
    ("age_months", "need"),
    [
        (0, SpecialNeed.UNDER_5),
        (59, SpecialNeed.UNDER_5),
        (60, SpecialNeed.NONE),
        (779, SpecialNeed.NONE),
        (780, SpecialNeed.OVER_65),
        (None, SpecialNeed.NONE),
    ],
)
def test_age_alone_gives_a_need_below_5_and_from_65(age_months: int | None, need: SpecialNeed) -> None:
    assert special_need_of(age_months) is need


def test_of_several_needs_the_foremost_counts() -> None:
    assert special_need_of(400, pregnant=True, disabled=True) is SpecialNeed.PREGNANT
    assert special_need_of(800, disabled=True) is SpecialNeed.DISABILITY
