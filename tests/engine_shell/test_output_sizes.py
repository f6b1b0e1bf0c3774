"""Steps that write without measure: the worker's memory and what is kept stay bounded, and the step goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MIB = 1024 * 1024

WORKER = r"""
import json, resource, sys, time
from engine.core.definition import RunAction
from engine.executors.dispatch import execute
from engine.secrets import Secrets
from tests.engine_shell.steps import Kept, step_context

kept = Kept()
lines = "\n".join("%064x" % (number * 7919**5) for number in range(1, 41))
context = step_context(
    RunAction(sys.argv[1] + "\necho\necho '{\"ok\": 1}'"),
    kept,
    env={"LINES_OF_KEY": "{{ secrets.lines }}"},
    declared=["lines"],
    known_secrets=Secrets({"HANDRAIL_SECRET_LINES": lines}),
)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.monotonic()
outcome = execute(context)
print(json.dumps({
    "seconds": time.monotonic() - started,
    "grown": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
    "kept": sum(len(chunk.text) for chunk in kept.chunks),
    "chunks": len(kept.chunks),
    "batches": kept.batches,
    "head": kept.stdout[:300],
    "tail": kept.stdout[-300:],
    "left_out": kept.stdout.count(" left out]"),
    "outcome": repr(outcome),
}))
"""


def carry_out(command: str) -> dict[str, Any]:
    """Run a command as a step of a worker process of its own, with a key of many lines to mask; what came of it."""
    result = subprocess.run(
        [sys.executable, "-c", WORKER, command],
        capture_output=True, text=True, check=True, timeout=110, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("command", "begins", "ends"),
    [
        ("head -c 1000000000 /dev/zero", "", "\n"),
        ("head -c 500000000 /dev/zero | tr '\\0' x", "xxxx", "xxxx\n"),
        ("head -c 300000000 /dev/urandom", "", "\n"),
        ("yes 'one line' | head -n 5000000; echo last", "one line\none line\n", "one line\nlast\n\n"),
        ("yes '\r50 %' | head -c 300000000", "", "\n"),
        ("yes \"$(printf '\\033[31mred')\" | head -c 200000000", "red\nred\n", "\n"),
        ('yes "$LINES_OF_KEY" | head -c 100000000', "***\n***\n", "\n"),
    ],
    ids=["zeros", "one line", "binary", "lines", "progress bar", "colours", "secrets"],
)
def test_a_step_may_write_whatever_it_likes(command: str, begins: str, ends: str) -> None:
    found = carry_out(command)
    assert found["outcome"] == "Succeeded(result={'ok': 1}, exit_code=0)"
    assert found["grown"] < 60 * 1024, "KiB more than before"
    assert found["kept"] < 2.2 * MIB
    assert found["left_out"] == 1
    assert found["head"].startswith(begins)
    assert found["tail"].endswith(f'{ends}{{"ok": 1}}\n')


def test_a_million_lines_a_second_are_taken_and_handed_on_seldom() -> None:
    found = carry_out("timeout 5 yes 'a line that is neither short nor long' || true")
    assert found["kept"] < 2.2 * MIB
    assert found["grown"] < 60 * 1024, "KiB more than before"
    assert found["batches"] < 2 * found["seconds"] + 10
    assert found["chunks"] < 200


def test_text_in_another_encoding_is_shown_with_marks() -> None:
    found = carry_out("printf 'gr\\374\\337e\\n'; printf 'hi' | iconv -t UTF-16LE")
    assert found["head"].startswith("gr\ufffd\ufffde\nhi")
