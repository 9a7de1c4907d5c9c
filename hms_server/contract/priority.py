"""Who is called before whom: clinical rank first, then special needs, then the time of arrival."""

from enum import IntEnum

UNDER_5_MONTHS = 5 * 12
OVER_65_MONTHS = 65 * 12


class QueuePriority(IntEnum):
    """Clinical rank, smaller is called first; `news2.priority_of` derives it from a score."""

    EMERGENCY = 0
    VERY_URGENT = 1
    URGENT = 2
    ROUTINE = 3


class SpecialNeed(IntEnum):
    """Why somebody is called earlier within one clinical rank, smaller first; it never crosses a rank.

    The order is this project's choice, for a clinic to confirm: first those whose state can turn fastest.
    The gap before NONE leaves room for further needs, since the numbers are stored.
    """

    UNDER_5 = 0
    PREGNANT = 1
    DISABILITY = 2
    OVER_65 = 3
    NONE = 9


def special_need_of(age_months: int | None, *, pregnant: bool = False, disabled: bool = False) -> SpecialNeed:
    """The foremost need that applies; an unknown age gives none, and 65 begins with the birthday."""
    needs = {
        SpecialNeed.UNDER_5: age_months is not None and age_months < UNDER_5_MONTHS,
        SpecialNeed.PREGNANT: pregnant,
        SpecialNeed.DISABILITY: disabled,
        SpecialNeed.OVER_65: age_months is not None and age_months >= OVER_65_MONTHS,
    }
    return min((need for need, applies in needs.items() if applies), default=SpecialNeed.NONE)
