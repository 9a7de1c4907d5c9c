"""How many SMS a text is paid for as: 3GPP TS 23.038 (alphabets) and TS 23.040 (joined messages)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"
_SEPTETS = dict.fromkeys(_BASIC, 1) | dict.fromkeys(_EXTENDED, 2)

ONE_GSM, JOINED_GSM = 160, 153
ONE_UCS2, JOINED_UCS2 = 70, 67
"""What fits into a message that stands alone, and into each of several that are joined."""


def is_plain(text: str) -> bool:
    """Whether the GSM alphabet has every sign; a single other one halves what an SMS holds."""
    return all(sign in _SEPTETS for sign in text)


def count_segments(text: str) -> int:
    """The number of SMS, never 0: also an empty one is sent as one."""
    if is_plain(text):
        return _count([_SEPTETS[sign] for sign in text], alone=ONE_GSM, joined=JOINED_GSM)
    units = [len(sign.encode("utf-16-be", "surrogatepass")) // 2 for sign in text]
    return _count(units, alone=ONE_UCS2, joined=JOINED_UCS2)


def _count(units: list[int], *, alone: int, joined: int) -> int:
    if sum(units) <= alone:
        return 1
    segments, used = 1, 0
    for unit in units:
        # A sign of two units is never torn apart: it goes whole into the next message.
        if used + unit > joined:
            segments, used = segments + 1, 0
        used += unit
    return segments
