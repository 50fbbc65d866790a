import json
from pathlib import Path

from callers import read_history
from judge import Acknowledged


def sent(client: int) -> dict[str, object]:
    return {"event": "sent", "client_id": client}


def received(client: int, status: int, **facts: object) -> dict[str, object]:
    line = {"event": "received", "key": f"client-{client}", "client_id": client, "status": status, "seconds": 0.5}
    return {**line, "code": None, "request_id": None, **facts}


TOLD = {"request_id": "id-1", "probability": 0.25, "body_digest": "d", "model_version": "v", "threshold": 0.3}


def test_a_history_tells_who_was_answered_and_who_was_refused_for_sure(tmp_path: Path) -> None:
    lines = [
        sent(1), received(1, 503, code="log-unavailable"), sent(1), received(1, 200, seconds=2.0, **TOLD),
        sent(2), received(2, 503, code="log-unavailable"),
        sent(3), received(3, 503, code="outcome-unknown"),
        sent(4),
        sent(5), received(5, 409, code="request-in-flight"), sent(5),
        sent(6), received(6, 500, code="internal-error"),
    ]  # fmt: skip
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    history = read_history(path)
    assert history.told == [Acknowledged("client-1", 1, "id-1", 0.25, "d")]
    assert history.models == {"id-1": ("v", 0.3)}
    assert history.asked == {1, 2, 3, 4, 5, 6}
    assert history.denied == {2, 6}
    assert (history.sent, history.unanswered, history.refused) == (8, 2, 1)
    assert history.statuses == {503: 3, 200: 1, 409: 1, 500: 1}
    assert history.slowest == 2.0
