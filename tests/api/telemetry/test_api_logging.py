import errno
import io
import json
import logging
from contextlib import redirect_stderr

import pytest
import structlog

from solvent.api.telemetry.logging import configure_logging
from solvent.settings import LogFormat, Settings


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_events_are_lines_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON))
    structlog.get_logger("a").info("application_scored", milliseconds=1.5)
    (line,) = _lines(capsys)
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "application_scored", "level": "info", "milliseconds": 1.5}


def test_events_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON, log_level="WARNING"))
    structlog.get_logger("a").info("quiet")
    structlog.get_logger("a").warning("loud")
    assert [json.loads(line)["event"] for line in _lines(capsys)] == ["loud"]


def test_events_for_people_name_the_event_and_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format=LogFormat.CONSOLE))
    structlog.get_logger("a").info("application_scored", status=200)
    (line,) = _lines(capsys)
    assert "application_scored" in line
    assert "status=200" in line


def test_libraries_speak_in_the_same_form_and_without_the_text_of_exceptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings(log_format=LogFormat.JSON, log_level="DEBUG"))
    logging.getLogger("some.library").info("chatter")
    try:
        int("client 100001")
    except ValueError:
        logging.getLogger("some.library").exception("Exception in ASGI application")
        structlog.get_logger("a").exception("scoring_failed")
    first, second = (json.loads(line) for line in _lines(capsys))
    assert (first["event"], first["level"], first["error"]) == ("Exception in ASGI application", "error", "ValueError")
    assert (second["event"], second["error"]) == ("scoring_failed", "ValueError")
    assert "100001" not in str(first) + str(second)


def test_a_full_disk_under_the_log_fails_nobody() -> None:
    class Full(io.StringIO):
        attempts = 0

        def write(self, text: str) -> int:
            self.attempts += 1
            raise OSError(errno.ENOSPC, "no space left")

    full = Full()
    with redirect_stderr(full):
        configure_logging(Settings(log_format=LogFormat.JSON))
    structlog.get_logger("a").info("application_scored")
    assert full.attempts == 1
