from solvent.domain.reasons import REASON_CODES


def test_every_code_stands_once_with_a_sentence_in_both_languages() -> None:
    assert len({known.code for known in REASON_CODES}) == len(REASON_CODES)
    for known in REASON_CODES:
        assert known.english.endswith(".")
        assert known.french.endswith(".")
        assert known.english != known.french


def test_no_sentence_claims_what_a_missing_value_cannot_tell() -> None:
    for known in REASON_CODES:
        english, french = known.sentences(None)
        assert english.endswith(" is not known.")
        assert french.endswith(" n'est pas connu.")
        assert known.sentences(0.0) == (known.english, known.french)
        assert known.sentences("Working") == (known.english, known.french)
