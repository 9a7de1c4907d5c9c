"""What a provider says of a message is shown on every screen, so it names no patient's address."""

import pytest

from hms_server.messaging import smtp, termii, twilio
from hms_server.relay.outside import Answer, OutsideFault

WORDS = "Recipient <jane.doe@example.org> or +234 803 555 0182 is not known"


def test_a_mail_servers_words_name_no_address() -> None:
    """A refusal for a while opens the breaker, and its sentence goes to every status bar."""
    for code in (450, 550):
        sentence = smtp._refused(code, WORDS.encode(), "the patient's address").sentence
        assert sentence == (
            f"The mail server refuses the patient's address: {code} Recipient <•••> or ••• is not known."
        )


def test_twilios_words_name_no_number() -> None:
    answer = Answer(status=400, headers={}, body=b'{"code": 21635, "message": "%s"}' % WORDS.encode())
    with pytest.raises(OutsideFault) as raised:
        twilio._refuse_error(answer)
    assert "0182" not in raised.value.sentence
    assert "21635" in raised.value.sentence


def test_termiis_words_name_no_number() -> None:
    answer = Answer(status=400, headers={}, body=b'{"message": "2348035550182 is invalid"}')
    with pytest.raises(OutsideFault) as raised:
        termii._refuse_error(answer)
    assert raised.value.sentence == "Termii declines: ••• is invalid."
