"""A server that takes a connection and then says nothing more."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from solvent.decision_log.registers import model_switches, outcomes
from solvent.domain.switches import ModelSwitch, SwitchKind
from solvent.errors import DecisionLogError, LogUnavailableError

SETTINGS = {b"server_version": b"18.0", b"client_encoding": b"UTF8", b"standard_conforming_strings": b"on"}


def _welcome() -> bytes:
    """AuthenticationOk, the settings, ReadyForQuery."""
    message = b"R" + struct.pack(">ii", 8, 0)
    for name, value in SETTINGS.items():
        pair = name + b"\0" + value + b"\0"
        message += b"S" + struct.pack(">i", len(pair) + 4) + pair
    return message + b"Z" + struct.pack(">i", 5) + b"I"


def _greet(listener: socket.socket) -> None:
    caller, _ = listener.accept()
    with caller:
        (size,) = struct.unpack(">i", caller.recv(4))
        caller.recv(size - 4)
        caller.sendall(_welcome())
        while caller.recv(65536):
            pass


@pytest.fixture
def silent_url() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet, args=(listener,), daemon=True)
        thread.start()
        yield f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/d?sslmode=disable&gssencmode=disable"
        thread.join(5)


def test_a_silent_database_holds_up_no_report(silent_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "REPORT_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(LogUnavailableError):
        outcomes.keep_reported(silent_url, [], datetime(2026, 11, 23, tzinfo=UTC))
    assert time.monotonic() - started < 3.0


def test_a_silent_database_holds_up_no_switch(silent_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_switches, "RECORD_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(DecisionLogError):
        model_switches.record_switch(silent_url, ModelSwitch(SwitchKind.ROLLBACK, "key", "a", "b", "c"))
    assert time.monotonic() - started < 3.0
