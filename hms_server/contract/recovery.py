"""How a recovery key is written: its signs, its groups, and the check that finds typing errors."""

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: none that is read as another on paper."""
SECRET_SIGNS = 25
CHECK_SIGNS = 5
GROUP = 5
_LOOKALIKES = str.maketrans("ILOU", "110V")
_BETWEEN = str.maketrans("", "", " \t\r\n-–—_.:,")


class SignsWrong(Exception):  # noqa: N818 - an answer to the person who types it
    """What was typed is no recovery key; the sentence says why."""


def new_signs() -> str:
    """A key that nobody has had before: 125 random bits and a check group. Secret."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_SIGNS))
    return secret + _check_of(secret)


def read_signs(text: str) -> str:
    """The signs as somebody copied them from paper: case, spaces, dashes and look-alikes do not matter.

    `SignsWrong` where a sign is missing, is none of the key's, or does not fit the others.
    """
    signs = plain_signs(text)
    if strange := [sign for sign in signs if sign not in ALPHABET]:
        raise SignsWrong(f"A recovery key has letters and digits only; “{strange[0]}” is neither.")
    if len(signs) != SECRET_SIGNS + CHECK_SIGNS:
        raise SignsWrong(
            f"A recovery key has {SECRET_SIGNS + CHECK_SIGNS} letters and digits in groups of {GROUP}; "
            f"{len(signs)} were typed."
        )
    if _check_of(signs[:SECRET_SIGNS]) != signs[SECRET_SIGNS:]:
        raise SignsWrong("The recovery key has a typing error: compare it with the paper, group by group.")
    return signs


def plain_signs(text: str) -> str:
    """A key, or some of its groups, without what stands between the signs and with look-alikes put right."""
    return text.upper().translate(_BETWEEN).translate(_LOOKALIKES)


def grouped(signs: str) -> str:
    """As a key is written down: six groups of five."""
    return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))


def _check_of(secret: str) -> str:
    number = int.from_bytes(hashlib.sha256(b"hms recovery check " + secret.encode()).digest()[:8], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(CHECK_SIGNS))
