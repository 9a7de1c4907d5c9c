"""Amounts are said as people say them."""

from hms_server.amounts import counted, size_text


def test_sizes_are_said_in_the_unit_that_fits() -> None:
    """A backup of a young clinic has some hundred kilobytes, which are not nothing."""
    sizes = (0, 1, 700 << 10, (1 << 20) - 1, 512 << 20, 3 << 30)

    assert [size_text(each) for each in sizes] == [
        "0 bytes",
        "1 byte",
        "700 KB",
        "1023 KB",
        "512 MB",
        "3.0 GB",
    ]


def test_one_is_not_many() -> None:
    assert [counted(each, "row") for each in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert counted(2, "entry", "entries") == "2 entries"
