"""Every limit on a request, a queue, a wait and a connection, in one table; `docs/limits.md` shows it.

Each names the test that reaches it; a test holds page, table and tests together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from solvent.api.callers.admission import BATCH_PLACES, CALLER_SHARE, MAX_BODIES_BYTES
from solvent.api.callers.authentication import MAX_AGE_SECONDS
from solvent.api.entrance.connections import FETCH_SECONDS, HEADER_SECONDS, MAX_HEADER_BYTES
from solvent.api.entrance.gatekeeper import BODY_SECONDS
from solvent.api.processes.shadow import LARGEST_BYTES, QUEUE_BYTES
from solvent.api.processes.worker import BACKLOG, GRACE_SECONDS
from solvent.api.routes.documentation import MAX_CLIENTS
from solvent.api.routes.json_gate import MAX_DEPTH, MAX_DIGITS, MAX_INTEGER
from solvent.api.routes.outcome_schema import MAX_OUTCOMES
from solvent.api.routes.outcomes import MAX_PROBLEMS as OUTCOME_PROBLEMS
from solvent.api.services import RECORDED_REFUSALS_PER_SECOND
from solvent.decision_log.audit.sealing import MAX_UNCOVERED, MAX_UNCOVERED_SECONDS
from solvent.decision_log.registers.api_keys import MAX_KEYS
from solvent.decision_log.registers.model_switches import RECORD_SECONDS
from solvent.decision_log.registers.outcomes import REPORT_LOCK_SECONDS, REPORT_SECONDS
from solvent.decision_log.writing.batching import LOCK_MILLISECONDS, MAX_BATCH
from solvent.decision_log.writing.waiting import MAX_FAILURES, MAX_WAITING, WAIT_SECONDS, WRITE_SECONDS
from solvent.scoring.applications import MAX_PROBLEMS, MAX_ROWS_PER_TABLE
from solvent.scoring.bundle_shelf import ALONE_SECONDS
from solvent.scoring.service import ANSWER_SECONDS
from solvent.settings import Settings


@dataclass(frozen=True, slots=True)
class Limit:
    """What is limited, to how much, what happens beyond it, and the test that goes there."""

    name: str
    value: str
    beyond: str
    test: str
    setting: str = ""


def list_limits() -> Iterator[Limit]:
    """Yield every limit with its default."""
    yield from _message_limits()
    yield from _load_limits()
    yield from _connection_limits()
    yield from _log_limits()


def render_limits() -> str:
    """Write the table of `docs/limits.md`."""
    lines = ["| Limit | Value | Setting | Beyond it | Reached by |", "|---|---|---|---|---|"]
    for one in list_limits():
        setting = f"`{one.setting}`" if one.setting else ""
        lines.append(f"| {one.name} | {one.value} | {setting} | {one.beyond} | `{one.test}` |")
    return "\n".join(lines)


def _default(name: str) -> str:
    return f"{Settings.model_fields[name].default:,}"


def _message_limits() -> Iterator[Limit]:
    strict = "test_refuses_what_is_not_strict_json_and_says_why"
    yield Limit("body of `/predict`", f"{_default('max_body_bytes')} bytes", "413 `body-too-large`",
                "test_a_body_may_be_as_large_as_the_limit", "SOLVENT_MAX_BODY_BYTES")  # fmt: skip
    yield Limit("body of `/predict-batch`", f"{_default('max_batch_body_bytes')} bytes", "413 `body-too-large`",
                "test_a_batch_has_its_own_limit_in_bytes", "SOLVENT_MAX_BATCH_BODY_BYTES")  # fmt: skip
    yield Limit("applications of a batch", f"{MAX_CLIENTS}", "422", "test_a_hundred_clients_are_a_batch")
    yield Limit("outcomes of a request", f"{MAX_OUTCOMES:,}; body as of a batch", "422",
                "test_a_thousand_outcomes_are_taken_and_one_more_is_not")  # fmt: skip
    yield Limit("problems of outcomes named in an answer", f"{OUTCOME_PROBLEMS}", "the rest is counted",
                "test_names_fifty_problems_and_counts_the_rest")  # fmt: skip
    yield Limit("nested lists and objects", f"{MAX_DEPTH}", "400 `too-deep`", strict)
    yield Limit("digits of a number", f"{MAX_DIGITS}", "400 `number-too-long`", strict)
    yield Limit("whole number", f"{MAX_INTEGER:,}", "400 `integer-too-large`", strict)
    yield Limit("rows of one history table", f"{MAX_ROWS_PER_TABLE:,}", "422", "test_a_table_has_a_longest_history")
    yield Limit("problems named in an answer", f"{MAX_PROBLEMS}", "the rest is counted",
                "test_an_answer_names_fifty_problems_and_counts_the_rest")  # fmt: skip
    yield Limit("Idempotency-Key", "255 visible ASCII characters", "400 `invalid-idempotency-key`",
                "test_a_key_has_at_most_255_visible_characters")  # fmt: skip
    yield Limit("headers of a request", f"{MAX_HEADER_BYTES:,} bytes", "431 `headers-too-large`, connection closed",
                "test_headers_beyond_the_limit_are_refused")  # fmt: skip


def _load_limits() -> Iterator[Limit]:
    refused = "503 `overloaded`"
    yield Limit("places at work, per worker", f"{_default('max_at_work')}; a batch takes {BATCH_PLACES}", "queue",
                "test_beyond_the_places_requests_wait_and_beyond_the_queue_they_are_refused",
                "SOLVENT_MAX_AT_WORK")  # fmt: skip
    yield Limit("queue for a place, per worker", _default("max_in_queue"), refused,
                "test_beyond_the_places_requests_wait_and_beyond_the_queue_they_are_refused",
                "SOLVENT_MAX_IN_QUEUE")  # fmt: skip
    yield Limit("wait for a place", f"{_default('queue_ms')} ms", refused, "test_a_wait_ends_at_its_deadline",
                "SOLVENT_QUEUE_MS")  # fmt: skip
    yield Limit("share of the places, the queue and the bodies that one key may hold", f"{CALLER_SHARE:.0%} of each",
                refused, "test_one_caller_cannot_hold_every_place")  # fmt: skip
    yield Limit("bodies that have come and are not answered, per worker", f"{MAX_BODIES_BYTES:,} bytes", refused,
                "test_bodies_under_way_have_a_limit_in_bytes")  # fmt: skip
    yield Limit("resident memory of a worker", f"{_default('max_memory_mb')} MB", refused,
                "test_beyond_its_memory_a_worker_decides_no_more", "SOLVENT_MAX_MEMORY_MB")  # fmt: skip
    yield Limit("requests of one key, all workers", f"{_default('rate_per_key')} per second", "429 `rate-exceeded`",
                "test_a_key_beyond_its_rate_is_told_when_to_come_back", "SOLVENT_RATE_PER_KEY")  # fmt: skip
    yield Limit("requests of one address, all workers", f"{_default('rate_per_address')} per second",
                "429 `rate-exceeded`", "test_an_address_beyond_its_rate_is_refused",
                "SOLVENT_RATE_PER_ADDRESS")  # fmt: skip
    yield Limit("refusals at the door that are recorded, per worker", f"{RECORDED_REFUSALS_PER_SECOND} per second",
                "counted in `solvent_unrecorded_failures_total`",
                "test_a_flood_of_refusals_is_recorded_in_part_and_counted_whole")  # fmt: skip
    yield Limit("age of what is known of the keys", f"{MAX_AGE_SECONDS} s", "503 `keys-unavailable`",
                "test_no_key_is_taken_when_what_is_known_of_them_is_too_old")  # fmt: skip
    yield Limit("keys in force", f"{MAX_KEYS:,}", "the oldest are not known",
                "test_only_so_many_keys_are_known_and_the_newest_win")  # fmt: skip
    yield Limit("one input for the shadow model", f"{LARGEST_BYTES:,} bytes",
                "dropped, counted in `solvent_shadow_dropped_total`",
                "test_an_input_that_is_too_long_for_the_shadow_is_dropped_and_counted")  # fmt: skip
    yield Limit("inputs that wait for the shadow model", f"{QUEUE_BYTES:,} bytes, less if the kernel says so",
                "dropped, counted in `solvent_shadow_dropped_total`",
                "test_a_shadow_that_is_behind_loses_inputs_and_holds_up_nobody")  # fmt: skip


def _connection_limits() -> Iterator[Limit]:
    yield Limit("connections, per worker", _default("max_connections"),
                "one that never sent a request is closed; without such a one, 503 `overloaded` and closed",
                "test_connections_beyond_the_limit_are_refused", "SOLVENT_MAX_CONNECTIONS")  # fmt: skip
    yield Limit("connections that the kernel holds for us", f"{BACKLOG:,}", "the kernel lets them wait",
                "test_the_listener_holds_a_bounded_backlog")  # fmt: skip
    yield Limit("time for the headers", f"{HEADER_SECONDS:g} s", "408 `request-too-slow`, connection closed",
                "test_slow_headers_are_cut")  # fmt: skip
    yield Limit("time for the body", f"{BODY_SECONDS:g} s", "408 `request-too-slow`, connection closed",
                "test_a_slow_body_is_refused")  # fmt: skip
    yield Limit("time without any request", f"{HEADER_SECONDS:g} s", "connection closed",
                "test_a_connection_that_sends_nothing_is_closed")  # fmt: skip
    yield Limit("time in which a caller reads nothing of an answer", f"{FETCH_SECONDS:g} s", "connection cut",
                "test_a_caller_who_does_not_read_is_cut_and_holds_no_place")  # fmt: skip
    yield Limit("end of what is under way after SIGTERM", f"{GRACE_SECONDS} s", "cancelled",
                "test_what_is_under_way_at_a_signal_is_answered")  # fmt: skip


def _log_limits() -> Iterator[Limit]:
    yield Limit("wait for another import of outcomes", f"{REPORT_LOCK_SECONDS:g} s", "503 `log-unavailable`",
                "test_reporting_waits_two_seconds_for_an_import_and_then_refuses")  # fmt: skip
    yield Limit("time to keep the outcomes of a request", f"{REPORT_SECONDS:g} s, and 5 s to connect",
                "503 `log-unavailable`, places free again", "test_a_silent_database_holds_up_no_report")  # fmt: skip
    yield Limit("time to record a switch of the model", f"{RECORD_SECONDS:g} s, and 5 s to connect",
                "503 `log-unavailable`, not switched", "test_a_silent_database_holds_up_no_switch")  # fmt: skip
    yield Limit("wait for another switch of the host", f"{ALONE_SECONDS:g} s", "503 `log-unavailable`",
                "test_a_switch_waits_for_another_one_and_not_for_ever")  # fmt: skip
    yield Limit("time to decide and record", f"{ANSWER_SECONDS:g} s", "503 `log-unavailable` or `outcome-unknown`",
                "test_every_step_of_a_decision_takes_from_one_allowance")  # fmt: skip
    yield Limit("wait for a key that is under way elsewhere", f"{LOCK_MILLISECONDS} ms, twice in company",
                "409 `idempotency-key-in-flight`",
                "test_a_claim_that_stays_in_flight_is_refused_within_a_second")  # fmt: skip
    yield Limit("submissions in one transaction", f"{MAX_BATCH}", "the next transaction",
                "test_hands_out_the_oldest_first_up_to_the_limit")  # fmt: skip
    yield Limit("submissions that wait for the writer", f"{MAX_WAITING:,}", "503 `log-unavailable`",
                "test_refuses_at_once_when_full")  # fmt: skip
    yield Limit("failures that wait for the writer", f"{MAX_FAILURES:,}", "dropped and counted",
                "test_drops_and_counts_failures_beyond_the_limit")  # fmt: skip
    yield Limit("records that no checkpoint covers, per worker",
                f"{MAX_UNCOVERED:,}, the oldest for {MAX_UNCOVERED_SECONDS:g} s", "not ready: `checkpoints`",
                "test_records_that_no_checkpoint_covers_are_shown_and_become_overdue")  # fmt: skip
    yield Limit("wait for the database", f"{WAIT_SECONDS:g} s", "503 `log-unavailable`",
                "test_refuses_who_waited_too_long_and_makes_room")  # fmt: skip
    yield Limit("wait for a write under way", f"{WRITE_SECONDS:g} s more", "503 `outcome-unknown`",
                "test_who_is_taken_and_never_answered_learns_that_the_outcome_is_unknown")  # fmt: skip
