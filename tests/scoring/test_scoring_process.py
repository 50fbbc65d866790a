import time
from pathlib import Path

from solvent.scoring.process import memory_usage_mb, new_request_id


def test_request_ids_are_of_version_7_and_sort_by_time() -> None:
    before = time.time_ns() // 1_000_000
    first = new_request_id()
    time.sleep(0.002)
    second = new_request_id()
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert before <= first.int >> 80 <= time.time_ns() // 1_000_000
    assert str(first) < str(second)


def test_request_ids_of_one_moment_differ() -> None:
    assert len({new_request_id() for _ in range(10_000)}) == 10_000


def test_the_memory_in_use_is_what_the_kernel_says() -> None:
    kilobytes = next(
        int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    assert abs(memory_usage_mb() - kilobytes * 1.024e-3) < 20.0
