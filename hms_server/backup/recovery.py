"""The recovery key of a clinic: on paper at the owner's, never on the server."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hms_server.backup.trouble import BackupFailed
from hms_server.contract.recovery import ALPHABET, SECRET_SIGNS, SignsWrong, grouped, new_signs, read_signs

__all__ = ["ALPHABET", "RecoveryKey", "RecoveryKeyWrong", "mark_of", "sheet"]

MARK_BYTES = 6


class RecoveryKeyWrong(BackupFailed):
    """What was typed is no recovery key; the sentence says why."""


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """125 random bits and a check group; `signs` is secret and does not appear in any message."""

    signs: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A key that nobody has had before."""
        return cls(new_signs())

    @classmethod
    def typed(cls, text: str) -> Self:
        """The key as somebody copied it from paper: case, spaces, dashes and look-alikes do not matter.

        `RecoveryKeyWrong` where a sign is missing, is none of the key's, or does not fit the others.
        """
        try:
            return cls(read_signs(text))
        except SignsWrong as wrong:
            raise RecoveryKeyWrong(str(wrong)) from wrong

    @property
    def text(self) -> str:
        """As it is written down: six groups of five."""
        return grouped(self.signs)

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
