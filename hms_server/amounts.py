"""How amounts are said: bytes in the unit that fits them, and one or many of a thing."""

GIGABYTE = 1 << 30
_SMALLER = ((1 << 20, "MB"), (1 << 10, "KB"))


def size_text(count: int) -> str:
    """Bytes as people read them: `3.4 GB`, `512 MB`, `640 KB`, `1 byte`."""
    if count >= GIGABYTE:
        return f"{count / GIGABYTE:.1f} GB"
    for size, unit in _SMALLER:
        if count >= size:
            return f"{count // size} {unit}"
    return counted(count, "byte")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 row`, `12 rows`; `many` where it is not `one` with an s."""
    return f"{count} {one}" if count == 1 else f"{count} {many or f'{one}s'}"
