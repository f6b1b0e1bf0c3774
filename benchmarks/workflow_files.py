"""The workflows that are measured."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

STEPS = 10
CHAIN, SHELL_CHAIN, START, ASK = "chain", "shell-chain", "start", "ask"
MARKED_STEP = "mark"
"""The step of START and ASK that says when it runs."""


def write_workflows(folder: Path, started: Path) -> None:
    """`started` is a named pipe: MARKED_STEP writes a line into it as soon as its command runs."""
    mark = {"run": f"echo > {shlex.quote(str(started))}"}
    ask = {"approval": {"title": "Go on?", "approvers": {"users": ["U0BOB"]}}}
    steps = {
        CHAIN: _chain({"set": {"done": True}}),
        SHELL_CHAIN: _chain({"run": ":"}),
        START: {MARKED_STEP: mark},
        ASK: {"ask": ask, MARKED_STEP: {"needs": ["ask"], **mark}},
    }
    folder.mkdir()
    for name, named_steps in steps.items():
        text = json.dumps({"name": name, "steps": named_steps}, indent=2)  # JSON is YAML too
        (folder / f"{name}.yml").write_text(text)


def _chain(action: dict[str, object]) -> dict[str, object]:
    """Steps that each need the one before."""
    names = [f"step_{number}" for number in range(1, STEPS + 1)]
    return {
        name: {**action, **({"needs": [before]} if before else {})}
        for before, name in zip([None, *names], names, strict=False)
    }
