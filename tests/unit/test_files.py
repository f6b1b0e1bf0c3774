"""Workflow files: what is read from a good one, and the one clear mistake that each bad one gives."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from textwrap import dedent

import pytest

from engine.core.definition import (
    ApprovalAction,
    Approvers,
    HttpAction,
    OnTimeout,
    ParameterType,
    RunAction,
    SetAction,
    StepKind,
    WaitAction,
    Workflow,
)
from engine.core.errors import InvalidWorkflow, Mistake
from engine.files.workflow import read_workflow, read_workflow_file

DEPLOY = r"""
name: deploy
title: Deploy a service
description: Build, ask, ship.
parameters:
  service: {type: choice, options: [api, web], required: true}
  version: {type: string, pattern: 'v\d+\.\d+\.\d+', hint: 'like v1.2.3', default: v1.0.0}
  canary: {type: integer, min: 1, max: 100, default: 10, title: Canary percent}
  from: {type: date, min: 2026-01-01, default: 2026-01-31}
  tests: {type: multi_choice, options: [unit, slow], default: [unit], max_length: 2}
  dry: {type: boolean, default: false}
steps:
  build_image:
    run: ./build.sh "$SERVICE" --format '{{.Names}}'
    env: {SERVICE: '{{ params.service }}', PORT: 8080, DEBUG: true, NOTHING: }
    timeout: 10m
    idempotent: true
  ask:
    needs: [build_image]
    approval:
      title: 'Ship {{ params.version }}?'
      approvers: {users: [U0BOB, '{{ params.service }}'], groups: [S0OPS]}
      required: 2
      timeout: 4h
      on_timeout: approve
  ship:
    title: Ship it
    needs: ask
    if: '{{ params.canary > 5 }}'
    http:
      method: POST
      url: 'http://127.0.0.1:{{ steps.build_image.result.port }}/ship?v={{ params.version }}'
      headers: {X-Count: 3}
      json: {version: '{{ params.version }}', parts: [1, 2.5, null, true, no]}
      expect: 201
  pause: {wait: 1h30m}
  count: {needs: [pause], set: {n: '{{ run.number }}'}, if: run.number > 1}
outputs:
  url: '{{ steps.ship.result.json.url }}'
"""


def read(text: str) -> Workflow:
    return read_workflow("sample.yml", text, "/srv/workflows")


def mistakes_in(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(InvalidWorkflow) as caught:
        read(text)
    return caught.value.mistakes


# --- good files


def test_a_file_becomes_a_workflow_with_the_digest_of_its_bytes() -> None:
    workflow = read(DEPLOY)
    assert (workflow.name, workflow.title) == ("deploy", "Deploy a service")
    assert (workflow.folder, workflow.source) == ("/srv/workflows", DEPLOY)
    assert workflow.digest == hashlib.sha256(DEPLOY.encode()).hexdigest()
    assert [step.id for step in workflow.steps] == ["build_image", "ask", "ship", "pause", "count"]
    assert workflow.outputs == {"url": "{{ steps.ship.result.json.url }}"}


def test_parameters_keep_order_types_bounds_and_defaults() -> None:
    service, version, canary, start, tests, dry = read(DEPLOY).parameters
    assert (service.type, service.options, service.required) == (ParameterType.CHOICE, ("api", "web"), True)
    assert (version.pattern, version.hint, version.default) == (r"v\d+\.\d+\.\d+", "like v1.2.3", "v1.0.0")
    assert (canary.title, canary.minimum, canary.maximum, canary.default) == ("Canary percent", 1, 100, 10)
    assert (start.title, start.minimum, start.default) == ("From", "2026-01-01", "2026-01-31")
    assert (tests.default, tests.max_length) == (["unit"], 2)
    assert dry.default is False


def test_each_kind_of_step_is_read() -> None:
    build, ask, ship, pause, count = read(DEPLOY).steps
    assert build.action == RunAction("""./build.sh "$SERVICE" --format '{{.Names}}'""")
    assert build.env == {"SERVICE": "{{ params.service }}", "PORT": "8080", "DEBUG": "true", "NOTHING": ""}
    assert (build.title, build.timeout_seconds, build.idempotent) == ("Build image", 600, True)
    assert ask.action == ApprovalAction(
        title="Ship {{ params.version }}?",
        approvers=Approvers(("U0BOB", "{{ params.service }}"), ("S0OPS",)),
        required=2,
        on_timeout=OnTimeout.APPROVE,
    )
    assert (ask.kind, ask.timeout_seconds) == (StepKind.APPROVAL, 4 * 3600)
    assert isinstance(ship.action, HttpAction)
    assert (ship.action.method, ship.action.headers, ship.action.expect) == ("POST", {"X-Count": "3"}, (201,))
    assert ship.action.json == {"version": "{{ params.version }}", "parts": [1, 2.5, None, True, "no"]}
    assert (ship.title, ship.needs, ship.condition) == ("Ship it", ("ask",), "params.canary > 5")
    assert pause.action == WaitAction("1h30m")
    assert (count.action, count.condition) == (SetAction({"n": "{{ run.number }}"}), "run.number > 1")


def test_steps_have_an_hour_and_approvals_a_day_when_nothing_is_said() -> None:
    workflow = read("name: w\nsteps: {a: {run: x}, b: {approval: {}}}")
    assert [step.timeout_seconds for step in workflow.steps] == [3600, 24 * 3600]
    assert workflow.steps[1].action == ApprovalAction("B")


@pytest.mark.parametrize(
    "text", ["no", "yes", "on", "off", "012", "1:30", "2026-01-01", "0x10", "1_000", "v1"]
)
def test_plain_text_that_other_readers_turn_into_something_else_stays_text(text: str) -> None:
    workflow = read(f"name: w\nsteps: {{a: {{set: {{v: {text}}}}}}}")
    assert workflow.steps[0].action == SetAction({"v": text})


def test_choices_such_as_no_need_no_quotes() -> None:
    workflow = read("name: w\nparameters: {p: {type: choice, options: [yes, no]}}\nsteps: {a: {run: x}}")
    assert workflow.parameters[0].options == ("yes", "no")


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert read("\ufeffname: w\r\nsteps:\r\n  a: {run: x}\r\n").name == "w"


# --- bad files: one mistake each, with its line, its code and a part of its sentence


def with_steps(steps: str) -> str:
    return "name: w\nsteps:\n" + steps


def with_parameters(parameters: str) -> str:
    return "name: w\nsteps: {a: {run: x}}\nparameters:\n" + parameters


BAD_YAML = [
    ("an empty file", "", 1, "YAML-EMPTY", "'name:'"),
    ("only a comment", "# nothing\n", 1, "YAML-EMPTY", "empty"),
    ("a list at the top", "- a\n- b\n", 1, "YAML-SHAPE", "mapping"),
    ("text at the top", "hello", 1, "YAML-SHAPE", "mapping"),
    ("a tab", "name: w\nsteps:\n\ta: {run: x}\n", 3, "YAML-SYNTAX", "spaces"),
    ("an open bracket", "name: [w\n", 2, "YAML-SYNTAX", "bracket"),
    ("an open quote", "name: 'w\n", 2, "YAML-SYNTAX", "quote"),
    ("a colon in plain text", "name: w\ntitle: a: b\n", 2, "YAML-SYNTAX", "Quote"),
    ("a sign at the beginning", "name: w\ntitle: @ada\n", 2, "YAML-SYNTAX", "Quote"),
    ("two documents", "name: w\n---\nname: v\n", 2, "YAML-DOCS", "one file"),
    ("an anchor", "name: &n w\n", 1, "YAML-ALIAS", "&n"),
    ("an alias", "name: *n\n", 1, "YAML-ALIAS", "Aliases"),
    ("a tag that reads a file", "name: !include /etc/passwd\n", 1, "YAML-TAG", "!include"),
    ("a tag that makes an object", "name: !!python/object:os.system w\n", 1, "YAML-TAG", "python"),
    ("depth 500", "name: " + "[" * 500, 1, "YAML-DEPTH", "20 levels"),
    ("depth 200,000", "name: " + "[" * 200_000, 1, "YAML-DEPTH", "20 levels"),
    ("20,000 keys", "".join(f"k{n}: 1\n" for n in range(20_000)), 5000, "YAML-NODES", "10,000"),
    ("300 KiB", "name: " + "w" * 300 * 1024, 1, "YAML-SIZE", "256 KiB"),
    ("a bidi control", "name: w\nsteps: {a: {run: 'x \u202e y'}}", 2, "TEXT-BIDI", "U+202E"),
    ("an escape character", "name: w\ntitle: a\x1b[2J\n", 2, "TEXT-CONTROL", "U+001B"),
    ("an escaped escape character", 'name: w\ntitle: "\\e[2J"\n', 2, "TEXT-CONTROL", "U+001B"),
    ("an escaped bidi control", 'name: w\ntitle: "\\u202e"\n', 2, "TEXT-BIDI", "U+202E"),
    ("half a character", "name: w\ntitle: \ud800\n", 2, "TEXT-CONTROL", "half of a character"),
    ("an unquoted expression", "name: {{ params.x }}\n", 1, "YAML-KEY", "quotes around it"),
]

BAD_WORKFLOWS = [
    ("no name", "steps: {a: {run: x}}", 1, "WF-REQUIRED", "'name' is missing"),
    ("no steps", "name: w", 1, "WF-REQUIRED", "'steps' is missing"),
    ("empty steps", "name: w\nsteps: {}", 2, "WF-REQUIRED", "at least one"),
    ("steps without anything", "name: w\nsteps:\n", 2, "WF-TYPE", "mapping"),
    ("steps as a list", "name: w\nsteps:\n  - run: x\n", 3, "WF-TYPE", "mapping"),
    ("a path as name", "name: ../x\nsteps: {a: {run: x}}", 1, "WF-NAME", "'../x'"),
    ("a capital in the name", "name: Deploy\nsteps: {a: {run: x}}", 1, "WF-NAME", "small letters"),
    ("a joiner in the name", "name: de\u200dploy\nsteps: {a: {run: x}}", 1, "WF-NAME", "small letters"),
    ("a number as name", "name: 12\nsteps: {a: {run: x}}", 1, "WF-TYPE", "Quote it: '12'"),
    ("a number as title", "name: w\ntitle: 2026\nsteps: {a: {run: x}}", 2, "WF-TYPE", "Quote it: '2026'"),
    ("an empty title", "name: w\ntitle:\nsteps: {a: {run: x}}", 2, "WF-TYPE", "empty"),
    ("a misspelled key", "name: w\nsteps: {a: {run: x}}\noutput: {}", 3, "WF-KEY", "Did you mean 'outputs'?"),
    ("an unknown key", "name: w\nsteps: {a: {run: x}}\nqueue: {}", 3, "WF-KEY", "does not know 'queue'"),
    ("an unknown step key", with_steps("  a: {run: x, matrix: [1]}"), 3, "WF-KEY", "'matrix' in step 'a'"),
    ("a key twice", "name: w\nname: v\nsteps: {a: {run: x}}", 2, "YAML-DUP", "first in line 1"),
    ("a step twice", with_steps("  a: {run: x}\n  a: {run: y}"), 4, "YAML-DUP", "first in line 3"),
    ("a bad step id", with_steps("  Build-it: {run: x}"), 3, "WF-NAME", "'Build-it'"),
    ("a step that is text", with_steps("  a: ./run.sh"), 3, "WF-TYPE", "step 'a'"),
    (
        "a step that does nothing",
        with_steps("  a: {title: A}"),
        3,
        "STEP-KIND",
        "run, http, python, set, approval, input, message, wait, workflow",
    ),
    ("a step that does two things", with_steps("  a: {run: x, wait: 1m}"), 3, "STEP-KIND", "run and wait"),
    ("a misspelled kind", with_steps("  a: {runn: x}"), 3, "WF-KEY", "Did you mean 'run'?"),
    (
        "an unknown need",
        with_steps("  a: {run: x}\n  b: {run: x, needs: [aa]}"),
        4,
        "STEP-NEEDS",
        "Did you mean 'a'?",
    ),
    ("a circle of one", with_steps("  a: {run: x, needs: [a]}"), 3, "STEP-CYCLE", "a needs a"),
    (
        "a circle of three",
        with_steps("  a: {run: x, needs: [b]}\n  b: {run: x, needs: [c]}\n  c: {run: x, needs: [a]}"),
        None,
        "STEP-CYCLE",
        "b needs c needs a",
    ),
    (
        "1,001 steps",
        with_steps("".join(f"  s{n}: {{run: x}}\n" for n in range(1001))),
        3,
        "WF-LIMIT",
        "1,001",
    ),
    ("an empty command", with_steps("  a: {run: ' '}"), 3, "WF-REQUIRED", "shell command"),
    ("a command that is a list", with_steps("  a: {run: [x]}"), 3, "WF-TYPE", "'run' must be text"),
    ("idempotent: yes", with_steps("  a: {run: x, idempotent: yes}"), 3, "WF-TYPE", "Write true or false"),
    ("a timeout in words", with_steps("  a: {run: x, timeout: soon}"), 3, "WF-DURATION", "10m"),
    ("a timeout of nothing", with_steps("  a: {run: x, timeout: 0s}"), 3, "WF-DURATION", "longer than 0s"),
    ("a timeout of a year and more", with_steps("  a: {run: x, timeout: 400d}"), 3, "WF-DURATION", "366d"),
    ("a timeout like a clock", with_steps("  a: {run: x, timeout: 1:30}"), 3, "WF-DURATION", "1h30m"),
    ("env as a list", with_steps("  a: {run: x, env: [A=1]}"), 3, "WF-TYPE", "'env' must be a mapping"),
    ("an env value that is a list", with_steps("  a: {run: x, env: {A: [1]}}"), 3, "STEP-ENV", "a list"),
    ("a bad env name", with_steps("  a: {run: x, env: {A-B: 1}}"), 3, "STEP-ENV", "'A-B'"),
    ("an env name of ours", with_steps("  a: {run: x, env: {PARAM_X: 1}}"), 3, "STEP-ENV", "set by Handrail"),
    ("env where nothing runs", with_steps("  a: {wait: 1m, env: {A: 1}}"), 3, "STEP-ENV", "this is wait"),
    ("an empty set", with_steps("  a: {set: {}}"), 3, "WF-REQUIRED", "at least one"),
    ("a bad name in set", with_steps("  a: {set: {a-b: 1}}"), 3, "WF-NAME", "'a-b'"),
    ("a wait without end", with_steps("  a: {wait: forever}"), 3, "WF-DURATION", "'forever'"),
    ("a wait without duration", with_steps("  a: {wait: {}}"), 3, "WF-REQUIRED", "'duration'"),
    ("a wait with a timeout", with_steps("  a: {wait: 1m, timeout: 2m}"), 3, "STEP-TIMEOUT", "duration"),
    ("no url", with_steps("  a: {http: {method: GET}}"), 3, "WF-REQUIRED", "'url'"),
    (
        "a url that is no url",
        with_steps("  a: {http: {url: 'javascript:alert(1)'}}"),
        3,
        "HTTP-HOST",
        "https://",
    ),
    (
        "a url with a host from outside",
        "name: w\nparameters: {h: {type: string}}\nsteps: {a: {http: {url: 'http://{{ params.h }}/'}}}",
        3,
        "HTTP-HOST",
        "fixed host",
    ),
    (
        "a url whose host goes on",
        "name: w\nparameters: {h: {type: string}}\nsteps: {a: {http: {url: 'http://a{{ params.h }}/'}}}",
        3,
        "HTTP-HOST",
        "fixed host",
    ),
    (
        "a url with a password",
        with_steps("  a: {http: {url: 'http://u:p@a/'}}"),
        3,
        "HTTP-HOST",
        "fixed host",
    ),
    ("an unknown method", with_steps("  a: {http: {url: 'http://a', method: GTE}}"), 3, "WF-CHOICE", "'GET'"),
    (
        "json and body",
        with_steps("  a: {http: {url: 'http://a', json: 1, body: x}}"),
        3,
        "HTTP-BODY",
        "not both",
    ),
    (
        "a header in two lines",
        with_steps('  a: {http: {url: "http://a", headers: {X: "a\\nb"}}}'),
        3,
        "HTTP-HEADER",
        "line",
    ),
    (
        "a bad header name",
        with_steps("  a: {http: {url: 'http://a', headers: {'X Y': 1}}}"),
        3,
        "HTTP-HEADER",
        "'X Y'",
    ),
    (
        "a bad status",
        with_steps("  a: {http: {url: 'http://a', expect: [200, ok]}}"),
        3,
        "HTTP-EXPECT",
        "'ok'",
    ),
    (
        "an approver by name",
        with_steps("  a: {approval: {approvers: {users: [bob]}}}"),
        3,
        "APPROVE-WHO",
        "U0BOB",
    ),
    (
        "a group by name",
        with_steps("  a: {approval: {approvers: {groups: ['@ops']}}}"),
        3,
        "APPROVE-WHO",
        "S0OPS",
    ),
    (
        "more approvals than people",
        with_steps("  a: {approval: {approvers: {users: [U1]}, required: 2}}"),
        3,
        "APPROVE-WHO",
        "only 1",
    ),
    (
        "an approver whom a step chooses",
        with_steps(
            "  a: {run: x}\n  b: {needs: a, approval: {approvers: {users: ['{{ steps.a.result }}']}}}"
        ),
        4,
        "EXPRESSION",
        "'steps' may not be used here",
    ),
    (
        "an unknown way out",
        with_steps("  a: {approval: {on_timeout: ignore}}"),
        3,
        "WF-CHOICE",
        "reject, approve",
    ),
    (
        "a timeout beside an approval",
        with_steps("  a: {approval: {}, timeout: 1h}"),
        3,
        "STEP-TIMEOUT",
        "inside",
    ),
    ("required: two", with_steps("  a: {approval: {required: two}}"), 3, "WF-TYPE", "whole number"),
    ("required: 0", with_steps("  a: {approval: {required: 0}}"), 3, "WF-LIMIT", "between 1 and 50"),
]

BAD_EXPRESSIONS = [
    ("an unknown name", with_steps("  a: {set: {x: '{{ nope }}'}}"), 3, "'nope' is unknown"),
    ("an unknown parameter", with_steps("  a: {set: {x: '{{ params.nope }}'}}"), 3, "no parameter 'nope'"),
    (
        "a parameter without its root",
        "name: w\nparameters: {v: {type: string}}\nsteps: {a: {set: {x: '{{ v }}'}}}",
        3,
        "params.v",
    ),
    ("an unknown part of the run", with_steps("  a: {set: {x: '{{ run.id }}'}}"), 3, "number, requester"),
    ("an unknown step", with_steps("  a: {set: {x: '{{ steps.b.result }}'}}"), 3, "no step 'b'"),
    (
        "a step that is not needed",
        with_steps("  a: {run: x}\n  b: {set: {x: '{{ steps.a.result }}'}}"),
        4,
        "needs",
    ),
    ("the step itself", with_steps("  a: {set: {x: '{{ steps.a.result }}'}}"), 3, "may start before"),
    (
        "a part of the result without its name",
        with_steps("  a: {run: x}\n  b: {needs: a, set: {x: '{{ steps.a.port }}'}}"),
        4,
        "steps.a.result.port",
    ),
    ("all steps at once", with_steps("  a: {set: {x: '{{ steps | length }}'}}"), 3, "Name the step"),
    ("a half expression", with_steps("  a: {set: {x: '{{ params.x '}}"), 3, "cannot be read"),
    ("an empty expression", with_steps("  a: {set: {x: '{{ }}'}}"), 3, "cannot be read"),
    ("a statement", with_steps("  a: {set: {x: '{% if true %}a{% endif %}'}}"), 3, "no statements"),
    ("a loop", with_steps("  a: {set: {x: '{% for i in range(9) %}a{% endfor %}'}}"), 3, "no statements"),
    ("an import", with_steps("  a: {set: {x: '{% include \"x\" %}'}}"), 3, "no statements"),
    ("a class", with_steps("  a: {set: {x: \"{{ ''.__class__ }}\"}}"), 3, "do not begin with '_'"),
    ("a call", with_steps("  a: {set: {x: '{{ run.number.bit_length() }}'}}"), 3, "Nothing can be called"),
    ("an unknown filter", with_steps("  a: {set: {x: '{{ 1 | pprint }}'}}"), 3, "no filter 'pprint'"),
    ("a condition that is text", with_steps("  a: {run: x, if: 'a {{ run.number }}'}"), 3, "cannot be read"),
    ("a condition over nothing", with_steps("  a: {run: x, if: '{{ nope > 1 }}'}"), 3, "'nope' is unknown"),
    (
        "an output over nothing",
        "name: w\nsteps: {a: {run: x}}\noutputs: {u: '{{ steps.b.result }}'}",
        3,
        "no step 'b'",
    ),
]

INJECTIONS = [
    ("echo {{ params.version }}", "env: {VERSION: '{{ params.version }}'}", "$PARAM_VERSION"),
    ("echo ${{ inputs.version }}", "env: {VERSION: '{{ params.version }}'}", '"$VERSION"'),
    ("echo {{ version }}", "env: {VERSION: '{{ params.version }}'}", "$PARAM_VERSION"),
    ("echo {{ params['version'] | upper }}", "env: {VERSION:", "$VERSION"),
    ("echo {{ steps.a.result.url }}", "env: {A: '{{ steps.a.result.url }}'}", '"$A"'),
]

BAD_PARAMETERS = [
    ("no type", "  p: {title: P}", "WF-REQUIRED", "'type' is missing"),
    ("an unknown type", "  p: {type: strng}", "PARAM-TYPE-UNKNOWN", "Did you mean 'string'?"),
    ("an unknown key", "  p: {type: string, regex: x}", "WF-KEY", "'regex'"),
    ("a bad name", "  My-Param: {type: string}", "WF-NAME", "'My-Param'"),
    ("a parameter that is text", "  p: string", "WF-TYPE", "{type: string}"),
    ("a broken pattern", "  p: {type: string, pattern: '(['}", "PARAM-REGEX", "missing ]"),
    ("a look-around", "  p: {type: string, pattern: 'a(?=b)'}", "PARAM-REGEX", "no look-around"),
    ("min above max", "  p: {type: integer, min: 5, max: 1}", "PARAM-RANGE-DEF", "above"),
    (
        "min above max in dates",
        "  p: {type: date, min: 2026-02-01, max: 2026-01-01}",
        "PARAM-RANGE-DEF",
        "above",
    ),
    ("a min that is text", "  p: {type: integer, min: few}", "PARAM-RANGE-DEF", "whole number"),
    ("a min that is no date", "  p: {type: date, min: tomorrow}", "PARAM-RANGE-DEF", "2026-01-31"),
    (
        "a shortest above the longest",
        "  p: {type: string, min_length: 5, max_length: 1}",
        "PARAM-RANGE-DEF",
        "above",
    ),
    ("a choice without options", "  p: {type: choice}", "WF-REQUIRED", "'options' is missing"),
    ("no option at all", "  p: {type: choice, options: []}", "PARAM-OPTIONS", "at least one"),
    ("an option twice", "  p: {type: choice, options: [a, b, a]}", "PARAM-OPTIONS", "twice"),
    ("an option that is a number", "  p: {type: choice, options: [a, 1.10]}", "WF-TYPE", "Quote it: '1.10'"),
    ("an option that is a truth", "  p: {type: choice, options: [a, true]}", "WF-TYPE", "Quote it: 'true'"),
    ("options of a string", "  p: {type: string, options: [a]}", "PARAM-KEY", "choice, multi_choice"),
    ("a pattern of a number", "  p: {type: integer, pattern: x}", "PARAM-KEY", "string, text"),
    ("a bound of a string", "  p: {type: string, max: 3}", "PARAM-KEY", "integer, number, date"),
    ("required: maybe", "  p: {type: string, required: maybe}", "WF-TYPE", "Write true or false"),
    ("required: no", "  p: {type: string, required: no}", "WF-TYPE", "Write true or false"),
    (
        "a default beyond its bounds",
        "  p: {type: integer, max: 3, default: 4}",
        "PARAM-DEFAULT",
        "out of range",
    ),
    ("a default of another type", "  p: {type: integer, default: many}", "PARAM-DEFAULT", "whole number"),
    ("a default no", "  p: {type: boolean, default: no}", "PARAM-DEFAULT", "true or false"),
    (
        "a default that is no option",
        "  p: {type: choice, options: [api], default: apu}",
        "PARAM-DEFAULT",
        "'api'",
    ),
    (
        "a default beside the pattern",
        "  p: {type: string, pattern: 'v.+', default: x}",
        "PARAM-DEFAULT",
        "form",
    ),
    ("a default that is a number", "  p: {type: string, default: 1.10}", "WF-TYPE", "Quote it: '1.10'"),
    ("a default that is a list", "  p: {type: string, default: [a]}", "PARAM-DEFAULT", "cannot be a list"),
    ("a default on no calendar", "  p: {type: date, default: 2026-02-30}", "PARAM-DEFAULT", "not a date"),
    ("too many", "".join(f"  p{n}: {{type: string}}\n" for n in range(41)), "WF-LIMIT", "at most 40"),
]


def the_only_mistake(text: str) -> Mistake:
    found = mistakes_in(text)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


@pytest.mark.parametrize(
    ("text", "line", "code", "part"),
    [pytest.param(*row[1:], id=row[0]) for row in BAD_YAML + BAD_WORKFLOWS],
)
def test_a_bad_file_gives_one_mistake_with_its_line_and_what_to_do(
    text: str, line: int | None, code: str, part: str
) -> None:
    mistake = the_only_mistake(text)
    assert mistake.code == code
    assert part in mistake.sentence
    assert line in (mistake.line, None)


@pytest.mark.parametrize(
    ("text", "line", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD_EXPRESSIONS]
)
def test_a_bad_expression_is_found_when_the_file_is_read(text: str, line: int, part: str) -> None:
    mistake = the_only_mistake(text)
    assert (mistake.code, mistake.line) == ("EXPRESSION", line)
    assert part in mistake.sentence


@pytest.mark.parametrize(("command", "env", "variable"), INJECTIONS)
def test_an_expression_in_a_command_is_refused_with_the_env_line_to_write(
    command: str, env: str, variable: str
) -> None:
    text = f"name: w\nparameters: {{version: {{type: string}}}}\nsteps:\n  a:\n    run: >-\n      {command}\n"
    mistake = the_only_mistake(text)
    assert (mistake.code, mistake.line) == ("STEP-INJECT", 5)
    assert env in mistake.sentence
    assert variable in mistake.sentence


@pytest.mark.parametrize(
    ("parameters", "code", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD_PARAMETERS]
)
def test_a_bad_parameter_gives_one_mistake(parameters: str, code: str, part: str) -> None:
    mistake = the_only_mistake(with_parameters(parameters))
    assert mistake.code == code
    assert part in mistake.sentence


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    found = mistakes_in(
        dedent("""\
        name: Deploy
        stepz: {}
        parameters:
          p: {type: strng}
        steps:
          a: {run: x, needs: [nope], timeout: soon}
          b: {set: {x: '{{ params.q }}'}}
        """)
    )
    assert [(mistake.line, mistake.code) for mistake in found] == [
        (1, "WF-NAME"),
        (2, "WF-KEY"),
        (4, "PARAM-TYPE-UNKNOWN"),
        (6, "STEP-NEEDS"),
        (6, "WF-DURATION"),
        (7, "EXPRESSION"),
    ]


def test_after_a_hundred_mistakes_it_is_enough() -> None:
    text = "name: w\nsteps:\n" + "".join(f"  s{n}: {{runn: x}}\n" for n in range(900))
    *found, last = mistakes_in(text)
    assert len(found) == 100
    assert all(mistake.code == "WF-KEY" for mistake in found)
    assert [mistake.line for mistake in found] == sorted(mistake.line for mistake in found)
    assert (last.code, last.line) == ("YAML-MISTAKES", found[-1].line)
    assert "Stopped after 100 mistakes" in last.sentence
    assert "there may be more" in last.sentence


def test_a_mistake_says_file_line_and_column() -> None:
    mistake = the_only_mistake("name: w\nsteps:\n  a: {run: x, needs: [nope]}\n")
    assert (mistake.file, mistake.line, mistake.column) == ("sample.yml", 3, 23)
    assert str(mistake).startswith("sample.yml:3:23: There is no step 'nope'.")


def test_a_mistake_shows_at_most_80_characters_of_what_was_written() -> None:
    mistake = the_only_mistake(f"name: w\nsteps: {{a: {{run: x, needs: [{'n' * 5000}]}}}}")
    assert "n" * 79 in mistake.sentence
    assert "n" * 81 not in mistake.sentence


@pytest.mark.parametrize("text", ["name: " + "[" * 200_000, "name: {" + "a: {" * 60_000, "- " * 100_000])
def test_a_hostile_file_is_refused_quickly(text: str) -> None:
    started = time.monotonic()
    mistakes_in(text)
    assert time.monotonic() - started < 2


# --- reading from disk


def test_a_file_that_is_not_utf8_gives_the_offset(tmp_path: Path) -> None:
    path = tmp_path / "w.yml"
    path.write_bytes(b"name: w\ntitle: caf\xe9\n")
    with pytest.raises(InvalidWorkflow) as caught:
        read_workflow_file(path, tmp_path)
    (mistake,) = caught.value.mistakes
    assert (mistake.code, mistake.line, mistake.column) == ("YAML-ENCODING", 2, 11)
    assert "byte 18" in mistake.sentence


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    outside = tmp_path / "outside.yml"
    outside.write_text("name: w\nsteps: {a: {run: x}}\n")
    (folder / "w.yml").symlink_to(outside)
    with pytest.raises(InvalidWorkflow) as caught:
        read_workflow_file(folder / "w.yml", folder)
    assert caught.value.mistakes[0].code == "WF-PATH"


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("name: w\nsteps: {a: {run: x}}\n")
    (tmp_path / "w.yml").symlink_to(tmp_path / "real.txt")
    assert read_workflow_file(tmp_path / "w.yml", tmp_path).name == "w"


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.yml")
    with pytest.raises(InvalidWorkflow) as caught:
        read_workflow_file(tmp_path / "w.yml", tmp_path)
    assert caught.value.mistakes[0].code == "WF-PATH"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidWorkflow) as caught:
        read_workflow_file(tmp_path / "w.yml", tmp_path)
    assert "No such file" in caught.value.mistakes[0].sentence
