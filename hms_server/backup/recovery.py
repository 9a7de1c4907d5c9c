"""The recovery key of a clinic: on paper at the owner's, never on the server."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hms_server.backup.trouble import BackupFailed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 signs: none that is read as another on paper."""
SECRET_SIGNS = 25
CHECK_SIGNS = 5
GROUP = 5
MARK_BYTES = 6
_LOOKALIKES = str.maketrans("ILOU", "110V")
_BETWEEN = str.maketrans("", "", " \t\r\n-–—_.:,")


class RecoveryKeyWrong(BackupFailed):
    """What was typed is no recovery key; the sentence says why."""


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """125 random bits and a check group; `signs` is secret and does not appear in any message."""

    signs: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A key that nobody has had before."""
        secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_SIGNS))
        return cls(secret + _check_of(secret))

    @classmethod
    def typed(cls, text: str) -> Self:
        """The key as somebody copied it from paper: case, spaces, dashes and look-alikes do not matter.

        `RecoveryKeyWrong` where a sign is missing, is none of the key's, or does not fit the others.
        """
        signs = text.upper().translate(_BETWEEN).translate(_LOOKALIKES)
        if strange := [sign for sign in signs if sign not in ALPHABET]:
            raise RecoveryKeyWrong(f"A recovery key has letters and digits only; “{strange[0]}” is neither.")
        if len(signs) != SECRET_SIGNS + CHECK_SIGNS:
            raise RecoveryKeyWrong(
                f"A recovery key has {SECRET_SIGNS + CHECK_SIGNS} letters and digits in groups of {GROUP}; "
                f"{len(signs)} were typed."
            )
        if _check_of(signs[:SECRET_SIGNS]) != signs[SECRET_SIGNS:]:
            raise RecoveryKeyWrong(
                "The recovery key has a typing error: compare it with the paper, group by group."
            )
        return cls(signs)

    @property
    def text(self) -> str:
        """As it is written down: six groups of five."""
        return "-".join(self.signs[start : start + GROUP] for start in range(0, len(self.signs), GROUP))

    @property
    def private(self) -> X25519PrivateKey:
        """What opens the backups that were sealed to `public`."""
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hms recovery key")
        return X25519PrivateKey.from_private_bytes(kdf.derive(self.signs[:SECRET_SIGNS].encode()))

    @property
    def public(self) -> bytes:
        """The half that the server keeps: it seals a backup and opens none."""
        return self.private.public_key().public_bytes_raw()

    @property
    def mark(self) -> str:
        """Tells two keys apart and says nothing about either; it is printed with the key."""
        return mark_of(self.public)


def mark_of(public: bytes) -> str:
    """The mark of a key of which only the public half is at hand, such as “1F3A-90C2-7B4E”."""
    digits = hashlib.sha256(public).hexdigest()[: 2 * MARK_BYTES].upper()
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def sheet(key: RecoveryKey, *, clinic: str, at: datetime) -> str:
    """The page to print and put away, as plain text of 72 columns."""
    return SHEET.format(clinic=clinic, at=at, text=key.text, mark=key.mark)


SHEET = """\
RECOVERY KEY                                             keep on paper
----------------------------------------------------------------------
Clinic:   {clinic}
Made:     {at:%Y-%m-%d %H:%M}
Mark:     {mark}   (also in each backup that it opens)

          {text}

This key opens the backups of the clinic. Nobody can open them without
it: neither the maker of the program nor the server itself has it.

Print this page twice. Keep one in the clinic's safe and one in another
building. Do not photograph it, and do not store it on the server or on
the disk with the backups: whoever has both can read every record.
----------------------------------------------------------------------
"""


def _check_of(secret: str) -> str:
    number = int.from_bytes(hashlib.sha256(b"hms recovery check " + secret.encode()).digest()[:8], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(CHECK_SIGNS))
