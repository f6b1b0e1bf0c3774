"""What a step writes is kept in order, masked, bounded and soon, whatever it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.core.log import LogChunk
from engine.masking import Mask
from engine.output import Output, OutputLimits
from tests.engine_shell.steps import Kept, wait_until

SMALL = OutputLimits(
    head_bytes=1000, tail_bytes=1000, result_bytes=500, batch_seconds=0.05, linger_seconds=0.3
)


def write_all(output: Output, *texts: tuple[str, bytes]) -> None:
    """Write to the pipes in this order, and end."""
    stdout, stderr = output.open()
    for stream, data in texts:
        os.write(stdout if stream == "stdout" else stderr, data)
    os.close(stdout)
    os.close(stderr)
    output.close()


def run_program(output: Output, source: str) -> None:
    stdout, stderr = output.open()
    subprocess.run([sys.executable, "-c", source], stdout=stdout, stderr=stderr, check=True)
    os.close(stdout)
    os.close(stderr)
    output.close()


def test_a_quick_step_is_one_batch() -> None:
    kept = Kept()
    write_all(Output(kept.keep), ("stdout", b"one\n"), ("stdout", b"two\n"))
    assert kept.batches == 1
    assert [chunk.text for chunk in kept.chunks] == ["one\ntwo\n"]


def test_both_streams_keep_one_order() -> None:
    kept = Kept()
    output = Output(kept.keep, None, SMALL)
    stdout, stderr = output.open()
    expected = []
    for number in range(5):
        for stream, pipe in (("stdout", stdout), ("stderr", stderr)):
            os.write(pipe, b"%s %d\n" % (stream.encode(), number))
            expected.append(f"{stream} {number}\n")
            wait_until(lambda: len(kept.chunks) == len(expected))
    os.close(stdout)
    os.close(stderr)
    output.close()
    assert [chunk.text for chunk in kept.chunks] == expected
    assert [chunk.seq for chunk in kept.chunks] == list(range(1, 11))
    assert [chunk.at for chunk in kept.chunks] == sorted(chunk.at for chunk in kept.chunks)


def test_output_is_seen_within_a_second_also_without_a_line_end() -> None:
    kept = Kept()
    output = Output(kept.keep)
    stdout, stderr = output.open()
    os.write(stdout, b"Proceed? ")
    started = time.monotonic()
    wait_until(lambda: kept.stdout == "Proceed? ")
    assert time.monotonic() - started < 1.0
    os.close(stdout)
    os.close(stderr)
    output.close()


def test_the_time_of_a_chunk_is_when_it_came() -> None:
    kept = Kept()
    before = time.time_ns() // 1_000_000
    write_all(Output(kept.keep), ("stdout", b"x\n"))
    assert before <= kept.chunks[0].at <= time.time_ns() // 1_000_000


def test_secrets_are_masked_when_they_are_split_over_writes() -> None:
    kept = Kept()
    output = Output(kept.keep, Mask(["secret-value"]), SMALL)
    stdout, stderr = output.open()
    os.write(stdout, b"begin secret-")
    wait_until(lambda: kept.stdout == "begin ")
    os.write(stdout, b"value end\n")
    os.close(stdout)
    os.close(stderr)
    output.close()
    assert kept.stdout == "begin *** end\n"


def test_the_beginning_and_the_end_are_kept_with_one_note_between() -> None:
    kept = Kept()
    lines = b"".join(b"line %05d\n" % number for number in range(1000))  # 11,000 bytes
    write_all(Output(kept.keep, None, SMALL), ("stdout", lines))
    assert kept.stdout.startswith("line 00000\nline 00001\n")
    assert kept.stdout.endswith("line 00998\nline 00999\n")
    assert kept.stdout.count("left out]") == 1
    assert "KiB of stdout left out]" in kept.stdout
    assert len(kept.stdout) < 2100


def test_what_just_fits_is_kept_whole() -> None:
    kept = Kept()
    data = b"x" * 1999 + b"\n"
    write_all(Output(kept.keep, None, SMALL), ("stdout", data))
    assert kept.stdout == data.decode()


def test_a_secret_at_either_cut_does_not_show() -> None:
    kept = Kept()
    data = b"a" * 993 + b"secret-value" + b"b" * 3000 + b"secret-value" + b"c\n" * 497
    limits = SMALL
    write_all(Output(kept.keep, Mask(["secret-value"]), limits), ("stdout", data))
    assert "secret" not in kept.stdout
    assert "-value" not in kept.stdout


def test_the_last_line_of_stdout_is_found() -> None:
    output = Output(Kept().keep)
    write_all(output, ("stdout", b"one\n"), ("stdout", b'{"a": 1}\n\n'), ("stderr", b"err\n"))
    assert output.last_line() == '{"a": 1}'


@pytest.mark.parametrize("data", [b"", b"\n\n", b"x" * 501])
def test_no_last_line_or_too_long_a_one_is_none(data: bytes) -> None:
    output = Output(Kept().keep, None, SMALL)
    write_all(output, ("stdout", data))
    assert output.last_line() is None


def test_a_batch_that_was_not_kept_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    failures = [OSError("no"), OSError("no")]

    def keep(chunks: Sequence[LogChunk]) -> None:
        if failures:
            raise failures.pop()
        kept.keep(chunks)

    output = Output(keep, None, SMALL)
    stdout, stderr = output.open()
    os.write(stdout, b"one\n")
    wait_until(lambda: not failures)
    os.write(stdout, b"two\n")
    os.close(stdout)
    os.close(stderr)
    output.close()
    assert kept.stdout == "one\ntwo\n"
    assert "output.not_kept" in caplog.text


def test_what_was_kept_although_the_answer_was_lost_is_neither_doubled_nor_added_to() -> None:
    kept: dict[int, str] = {}
    lost_answers = [OSError("the answer was lost")]

    def keep(chunks: Sequence[LogChunk]) -> None:
        for chunk in chunks:
            kept.setdefault(chunk.seq, chunk.text)  # as the store does: what it has, it leaves alone
        if lost_answers:
            raise lost_answers.pop()

    output = Output(keep, None, SMALL)
    stdout, stderr = output.open()
    os.write(stdout, b"one\n")
    wait_until(lambda: not lost_answers)
    os.write(stdout, b"two\n")
    os.close(stdout)
    os.close(stderr)
    output.close()

    assert "".join(kept.values()) == "one\ntwo\n"


def test_the_end_waits_for_a_database_that_is_away() -> None:
    kept = Kept()
    away_until = time.monotonic() + 2.5

    def keep(chunks: Sequence[LogChunk]) -> None:
        if time.monotonic() < away_until:
            raise OSError("away")
        kept.keep(chunks)

    write_all(Output(keep, None, SMALL), ("stdout", b"the end\n"))

    assert kept.stdout == "the end\n"


def test_a_pipe_that_stays_open_is_not_waited_for_long() -> None:
    kept = Kept()
    output = Output(kept.keep, None, SMALL)
    stdout, stderr = output.open()
    os.write(stdout, b"one\n")
    os.close(stderr)
    started = time.monotonic()
    output.close()  # stdout is open still, as by a process that escaped
    assert 0.3 <= time.monotonic() - started < 2
    assert kept.stdout == "one\n"
    assert "keeps its output open" in kept.stderr
    os.close(stdout)


def test_a_writer_waits_while_nobody_reads() -> None:
    release = threading.Event()
    kept = Kept()

    def keep(chunks: Sequence[LogChunk]) -> None:
        release.wait(10)
        kept.keep(chunks)

    output = Output(keep, None, OutputLimits(batch_seconds=0.01))
    stdout, stderr = output.open()
    written = 0

    def write() -> None:
        nonlocal written
        for _ in range(10_000):
            written += os.write(stdout, b"x" * 10_000)
        os.close(stdout)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: written and _is_steady(lambda: written))
    assert written < 100_000_000
    release.set()
    writer.join()
    os.close(stderr)
    output.close()
    assert written == 100_000_000


def _is_steady(read: Callable[[], int]) -> bool:
    before = read()
    time.sleep(0.3)
    return read() == before


def test_memory_stays_bounded_whatever_is_written(tmp_path: Path) -> None:
    """One GB without a line end, in a process of its own whose peak memory is looked at."""
    program = tmp_path / "measure.py"
    program.write_text(MEASURED)
    result = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, check=True, timeout=100
    )
    before, after, size = map(int, result.stdout.split())
    assert (after - before) / 1024 < 60, "MiB more than before"
    assert size < 2.2 * 1024 * 1024


MEASURED = """
import os, resource, subprocess, sys
from engine.masking import Mask
from engine.output import Output
size = 0
def keep(chunks):
    global size
    size += sum(len(chunk.text) for chunk in chunks)
output = Output(keep, Mask(["secret-value", "another-secret"]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stdout, stderr = output.open()
subprocess.run(["head", "-c", "1000000000", "/dev/zero"], stdout=stderr, check=True)
subprocess.run("head -c 500000000 /dev/zero | tr '\\\\0' x", shell=True, stdout=stdout, check=True)
os.close(stdout)
os.close(stderr)
output.close()
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, size)
"""


def test_a_hundred_thousand_tiny_writes_become_few_chunks() -> None:
    kept = Kept()
    run_program(Output(kept.keep), "import os\nfor _ in range(100_000): os.write(1, b'x')")
    assert len(kept.stdout) == 100_000
    assert len(kept.chunks) < 50


def test_notes_are_lines_of_their_own_in_stderr() -> None:
    kept = Kept()
    output = Output(kept.keep)
    write_all(output, ("stdout", b"x\n"))
    output.note("Something was ended.")
    assert kept.stderr == "[Something was ended.]\n"
