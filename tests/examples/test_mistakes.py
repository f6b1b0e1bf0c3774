"""The table of mistakes in docs/workflows.md says what Handrail says, word for word."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.core.errors import Mistake
from engine.registry import Registry
from tests.examples.house import ROOT

Prepare = str | bytes | Callable[[Path], object]
"""The text of `w.yml`, or what to do with the folder."""

GOOD = "name: w\nsteps: {a: {run: x}}\n"
_SECTION = re.compile(r"^## Mistakes\n(.*?)^## ", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| ([^|]+) \| `([A-Z0-9-]+)` \| (.+) \|$", re.MULTILINE)


def steps(text: str) -> str:
    return f"name: w\nsteps:\n{text}"


def parameters(text: str) -> str:
    return f"{GOOD}parameters:\n{text}"


def two_files(folder: Path) -> None:
    (folder / "v.yml").write_text(GOOD)
    (folder / "w.yml").write_text(GOOD)


def circle(folder: Path) -> None:
    (folder / "backup.yml").write_text("name: backup\nsteps: {a: {workflow: restore}}\n")
    (folder / "restore.yml").write_text("name: restore\nsteps: {a: {workflow: backup}}\n")


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.yml"
    outside.write_text(GOOD)
    (folder / "w.yml").symlink_to(outside)


def many_files(folder: Path) -> None:
    for n in range(1001):
        (folder / f"{n:04}.yml").write_text(f"name: w{n}\nsteps: {{a: {{run: x}}}}\n")


CASES: dict[str, Prepare] = {
    "an empty file": "",
    "a list at the top": "- name: w\n",
    "a tab": "name: w\nsteps:\n\ta: {run: x}\n",
    "a second document": f"{GOOD}---\n{GOOD}",
    "an anchor": "name: &n w\n",
    "an alias": "name: *n\n",
    "a tag": "name: !include /etc/passwd\n",
    "brackets in brackets, without end": "name: " + "[" * 500,
    "20,000 keys": "".join(f"k{n}: 1\n" for n in range(20_000)),
    "a file of 300 KiB": "name: " + "w" * 300 * 1024,
    "bytes that are not UTF-8": b"name: caf\xe9\n",
    "a character that reverses text": steps("  a: {run: 'x \u202e y'}\n"),
    "a path as name": "name: ../x\nsteps: {a: {run: x}}\n",
    "two files with one name": two_files,
    "no name": "steps: {a: {run: x}}\n",
    "no steps": "name: w\n",
    "a misspelled key": f"{GOOD}stepz: {{}}\n",
    "a misspelled kind": steps("  a: {runn: x}\n"),
    "a number where text belongs": f"{GOOD}title: 2026\n",
    "an option that is a number": parameters("  p: {type: choice, options: [1.10]}\n"),
    "a time where a duration belongs": steps("  a: {run: x, timeout: 1:30}\n"),
    "a day on no calendar": parameters("  p: {type: date, default: 2026-02-30}\n"),
    "a step twice": steps("  a: {run: x}\n  a: {run: y}\n"),
    "a need that is not there": steps("  build: {run: x}\n  ship: {run: x, needs: [biuld]}\n"),
    "steps in a circle": steps("  a: {run: x, needs: [b]}\n  b: {run: x, needs: [a]}\n"),
    "1,001 steps": steps("".join(f"  s{n}: {{run: x}}\n" for n in range(1001))),
    "an expression in a command": parameters("  tag: {type: string}\n").replace(
        "run: x", "run: 'x {{ params.tag }}'"
    ),
    "a folder above": steps("  a: {run: x, working_directory: ../..}\n"),
    "env as list": steps("  a: {run: x, env: [A=1]}\n"),
    "a list in env": steps("  a: {run: x, env: {A: [1]}}\n"),
    "a secret that is not declared": steps("  a: {run: x, env: {A: '{{ secrets.token }}'}}\n"),
    "a secret that people would see": f"secrets: [token]\n{GOOD}outputs: {{t: '{{{{ secrets.token }}}}'}}\n",
    "a header in two lines": steps('  a: {http: {url: "http://a", headers: {X: "a\\nb"}}}\n'),
    "a host from a parameter": parameters("  h: {type: string}\n").replace(
        "run: x", "http: {url: 'http://{{ params.h }}/'}"
    ),
    "approvers by name": steps("  a: {approval: {approvers: {groups: ['@ops']}}}\n"),
    "more approvals than people": steps("  a: {approval: {approvers: {users: [U0BOB]}, required: 2}}\n"),
    "approvers whom a step chooses": steps(
        "  a: {run: x}\n  b: {needs: [a], approval: {approvers: {users: ['{{ steps.a.result }}']}}}\n"
    ),
    "a step that may not have ended": steps("  a: {run: x}\n  b: {set: {v: '{{ steps.a.result }}'}}\n"),
    "workflows in a circle": circle,
    "a workflow that is not there": steps("  a: {workflow: restore}\n"),
    "items that are no list": steps("  a: {run: x, foreach: all}\n"),
    "a policy that does not fit": steps("  a: {wait: 1m, retry: 3}\n"),
    "finally that needs a step": f"{GOOD}finally: {{z: {{run: x, needs: [a]}}}}\n",
    "an unknown type": parameters("  p: {type: strng}\n"),
    "a broken pattern": parameters("  p: {type: string, pattern: '(['}\n"),
    "options that depend on what comes later": parameters(
        "  host: {type: choice, options: {run: './hosts $PARAM_REGION'}}\n  region: {type: string}\n"
    ),
    "bounds the wrong way round": parameters("  p: {type: integer, min: 5, max: 1}\n"),
    "a link out of the folder": link_out,
    "a named pipe": lambda folder: os.mkfifo(folder / "w.yml"),
    "a folder that is not there": lambda folder: folder.rmdir(),
    "more than 1,000 files": many_files,
}


def first_mistake(case: Prepare, folder: Path) -> Mistake:
    if isinstance(case, str):
        (folder / "w.yml").write_text(case)
    elif isinstance(case, bytes):
        (folder / "w.yml").write_bytes(case)
    else:
        case(folder)
    return Registry(folder).mistakes()[0]


def rows() -> dict[str, tuple[str, str]]:
    """Code and sentence of each row of the table."""
    section = _SECTION.search((ROOT / "docs/workflows.md").read_text())
    assert section is not None
    return {name: (code, sentence.replace("\\|", "|")) for name, code, sentence in _ROW.findall(section[1])}


def test_every_row_of_the_table_is_a_case_and_every_case_a_row() -> None:
    assert list(rows()) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_in_the_words_of_the_table(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    mistake = first_mistake(CASES[name], folder)
    assert (mistake.code, mistake.sentence.replace(f"{folder}/", "")) == rows()[name]
