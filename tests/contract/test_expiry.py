"""The last day of a medicine, as packs and people write it."""

from datetime import date

import pytest

from hms_server.contract.expiry import last_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-06-30", date(2027, 6, 30)),
        ("5/6/2027", date(2027, 6, 5)),
        ("30.06.2027", date(2027, 6, 30)),
        ("02/2028", date(2028, 2, 29)),
        ("2027-06", date(2027, 6, 30)),
        ("13/2027", None),
        ("06/27", None),
        ("", None),
    ],
)
def test_the_last_day_as_packs_and_spreadsheets_write_it(text: str, day: date | None) -> None:
    assert last_day(text) == day
