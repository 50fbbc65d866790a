from solvent.domain.reasons import REASON_CODES


def test_every_code_stands_once_with_a_sentence_in_both_languages() -> None:
    assert len({known.code for known in REASON_CODES}) == len(REASON_CODES)
    for known in REASON_CODES:
        assert known.english.endswith(".")
        assert known.french.endswith(".")
        assert known.english != known.french
