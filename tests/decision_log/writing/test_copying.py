"""Many rows that are copied are the rows that a few inserts store."""

from dataclasses import replace

import pytest
from log_examples import FAILURE, ReadRows, make_decision, make_submission

from solvent.decision_log.writing.copying import COPY_FROM
from solvent.decision_log.writing.writer import PostgresDecisionLog
from solvent.domain.records import Receipt
from solvent.errors import DecisionLogError

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

OTHERS = """
SELECT to_jsonb(d) - '{request_id,writer_id,sequence,link,commitment,recorded_at,total_response_time_ms}'::text[],
       to_jsonb(p) - '{request_id,commitment_key}'::text[]
FROM decisions d JOIN decision_payloads p USING (request_id, timestamp) ORDER BY d.request_id
"""


async def test_a_large_batch_stores_what_a_small_one_does(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    many = range(2, COPY_FROM + 2)
    await postgres_log.record(make_submission(1, loan_amount=None, stored_history=b"\x00\xff"))
    await postgres_log.record(make_submission(*many, loan_amount=None, stored_history=b"\x00\xff"))
    inserted, *copied = rows(OTHERS)
    assert copied == [inserted] * COPY_FROM
    assert rows("SELECT array_agg(sequence ORDER BY request_id) FROM decisions") == [([1, *many],)]


async def test_failures_are_stored_beside_a_large_batch(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    batch = replace(make_submission(*range(1, COPY_FROM + 1), key="batch"), failures=(FAILURE,))
    assert await postgres_log.record(batch) == Receipt(b'{"decision":"refuse"}', repeated=False)
    assert rows("SELECT http_status_code, count(*) FROM predictions GROUP BY 1 ORDER BY 1") == [
        (200, COPY_FROM),
        (FAILURE.http_status_code, 1),
    ]


async def test_one_bad_row_among_many_stores_none(postgres_log: PostgresDecisionLog, rows: ReadRows) -> None:
    bad = make_decision(COPY_FROM, probability_default=7.0)
    decisions = (*map(make_decision, range(1, COPY_FROM)), bad)
    with pytest.raises(DecisionLogError, match="does not fit"):
        await postgres_log.record(replace(make_submission(key="batch"), decisions=decisions))
    assert rows("SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM decision_payloads)") == [(0, 0)]
    assert (await postgres_log.record(make_submission(1))).repeated is False
