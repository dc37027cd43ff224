from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hausmusik.hosts.local.worker_log import WorkerLog, prune


def test_it_keeps_what_was_printed_and_knows_the_end(tmp_path: Path) -> None:
    log = WorkerLog(tmp_path / "a.log")
    log.write(b"old\n")
    log.forget()
    for number in range(30):
        log.write(f"line {number}\n\n".encode())
    assert log.tail(2) == "line 28\nline 29"
    log.close()
    log.close()
    assert (tmp_path / "a.log").read_text().startswith("old\nline 0\n")
    assert "old" not in log.tail(100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.binary(max_size=700), max_size=30))
def test_it_never_outgrows_its_limit_and_keeps_the_newest(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "b.log"
    path.unlink(missing_ok=True)
    log = WorkerLog(path, limit_bytes=1_000)
    for part in parts:
        log.write(part)
        assert path.stat().st_size <= 1_000
    log.close()
    whole = b"".join(parts)
    if len(whole) <= 1_000 and parts:
        assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_the_log_alone(tmp_path: Path) -> None:
    log = WorkerLog(tmp_path / "nowhere" / "c.log")
    log.write(b"still known\xff")
    assert log.tail() == "still known�"
    log.close()


def test_the_tail_is_short_enough_for_a_hint(tmp_path: Path) -> None:
    log = WorkerLog(tmp_path / "d.log")
    log.write(b"x" * 100_000)
    assert len(log.tail()) <= 2_000
    log.close()


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.log"
        path.touch()
        os.utime(path, (number, number))
    (tmp_path / "learnt.json").touch()
    prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.log", "4.log", "learnt.json"]
    prune(tmp_path / "nowhere")
