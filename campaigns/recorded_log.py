"""What the decision log holds after a campaign, put before the judge."""

from itertools import islice
from pathlib import Path

import psycopg

from callers import History
from judge import Recorded, Verdict, judge
from solvent.bootstrap import restore_model
from solvent.decision_log.audit.outside import read_outside
from solvent.decision_log.audit.signing import public_key_path, read_public_key
from solvent.decision_log.audit.verification import open_snapshot, verify
from solvent.decision_log.reading.recorded import count_decisions, read_decisions
from solvent.scoring.replay import ReplaySummary, replay_all
from solvent.settings import Settings

MOST_REPLAYED = 1_000
"""Decisions of each model that are recomputed (RELIABILITY.md, the judge)."""

READ = """
SELECT client_id, request_id::text, prediction_proba, writer_id::text, sequence
FROM decisions LEFT JOIN decision_payloads USING (request_id, timestamp)
"""


def judge_history(history: History, url: str, home: Path) -> Verdict:
    """Hold what callers noted against the log at `url`, whose ledger is kept in `home`."""
    with psycopg.connect(url) as connection:
        kept = [Recorded(*row) for row in connection.execute(READ)]
    unverified, different = count_findings(url, home), count_different(url)
    asked, denied = history.asked, history.denied
    return judge(history.told, kept, asked=asked, denied=denied, unverified=unverified, different=different)


def count_findings(url: str, home: Path) -> int:
    """Count what `solvent ledger verify` finds."""
    settings = Settings(home=home)
    key = read_public_key(public_key_path(settings.signing_key_file))
    with open_snapshot(url) as connection:
        return verify(connection, key, outside=read_outside(settings.ledger_folder)).finding_count


def count_different(url: str) -> int:
    """Count, among the first thousand decisions of each model, those that a replay does not give again bit for bit."""
    summary = ReplaySummary()
    with open_snapshot(url) as connection:
        for version in count_decisions(connection):
            decisions = islice(read_decisions(connection, version), MOST_REPLAYED)
            replay_all(decisions, restore_model(connection, version), summary)
    return summary.different
