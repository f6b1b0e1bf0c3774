"""What the steps of a workflow file do: what is read of each kind, and the one clear mistake of each bad one."""

from __future__ import annotations

import pytest

from engine.core.definition import (
    DEFAULT_SHELL,
    Approvers,
    HttpAction,
    InputAction,
    MessageAction,
    OnNoAnswer,
    ParameterType,
    PythonAction,
    RunAction,
    Step,
    WaitAction,
    WorkflowAction,
)
from engine.files.programs import SHELLS
from tests.unit.test_files import read, the_only_mistake, with_steps

HEAD = """\
name: w
secrets: [token]
parameters:
  host: {type: string, default: a}
  hosts: {type: multi_choice, options: [a, b], default: [a]}
steps:
"""


def step(text: str) -> Step:
    """The last step of a file whose steps are written so."""
    return read(HEAD + text).steps[-1]


# --- run


def test_a_command_is_given_to_sh_in_the_folder_of_the_file() -> None:
    assert step("  a: {run: ./x.sh}").action == RunAction("./x.sh", DEFAULT_SHELL, None, None)


@pytest.mark.parametrize("name", SHELLS)
def test_a_known_shell_is_a_program_that_takes_the_source_last(name: str) -> None:
    action = step(f"  a: {{run: x, shell: {name}}}").action
    assert isinstance(action, RunAction)
    assert action.shell == SHELLS[name]
    assert action.shell[0].endswith(name)


def test_shells_stop_at_the_first_failure_also_in_a_pipe_and_python_holds_nothing_back() -> None:
    assert SHELLS["bash"] == ("bash", "-euo", "pipefail", "-c")
    assert SHELLS["python3"] == ("python3", "-u", "-c")


def test_a_shell_of_ones_own_is_a_list() -> None:
    action = step("  a: {run: x, shell: [php, -d, 'memory_limit=1G', -r]}").action
    assert action == RunAction("x", ("php", "-d", "memory_limit=1G", "-r"))


def test_a_command_has_a_folder_and_something_to_read() -> None:
    action = step(
        "  a: {run: x, working_directory: scripts/./db, stdin: '{{ params.hosts | tojson }}'}"
    ).action
    assert action == RunAction("x", folder="scripts/db", stdin="{{ params.hosts | tojson }}")


# --- http


def test_a_request_has_a_form_and_follows_redirects_when_told_to() -> None:
    action = step(
        "  a: {http: {url: 'http://a', form: {n: 1, on: true, w: '{{ params.host }}'}, redirects: 5}}"
    ).action
    assert isinstance(action, HttpAction)
    assert action.form == {"n": "1", "on": "true", "w": "{{ params.host }}"}
    assert action.redirects == 5


def test_a_request_follows_no_redirect_when_nothing_is_said() -> None:
    action = step("  a: {http: {url: 'http://a'}}").action
    assert isinstance(action, HttpAction)
    assert (action.redirects, action.form, action.json, action.body) == (0, None, None, None)


# --- python


def test_a_function_is_named_alone_or_with_its_arguments() -> None:
    assert step("  a: {python: 'ops.certs:renew'}").action == PythonAction("ops.certs:renew")
    action = step(
        "  a: {python: {function: renew-certs, arguments: {host: '{{ params.host }}', days: 3}}}"
    ).action
    assert action == PythonAction("renew-certs", {"host": "{{ params.host }}", "days": 3})


def test_a_function_has_an_environment_too() -> None:
    assert step("  a: {python: ops.renew, env: {T: '{{ secrets.token }}'}}").env == {
        "T": "{{ secrets.token }}"
    }


# --- message


def test_a_message_goes_to_the_thread_a_channel_or_a_person() -> None:
    assert step("  a: {message: It is out}").action == MessageAction("It is out")
    assert step("  a: {message: {text: x, channel: '#releases'}}").action == MessageAction("x", "#releases")
    assert step("  a: {message: {text: x, channel: C0OPS}}").action == MessageAction("x", "C0OPS")
    assert step("  a: {message: {text: x, user: U0BOB}}").action == MessageAction("x", None, "U0BOB")
    chosen = step("  a: {message: {text: '{{ params.host }}', user: '{{ run.requester }}'}}").action
    assert chosen == MessageAction("{{ params.host }}", None, "{{ run.requester }}")


# --- input


def test_an_input_asks_people_for_typed_values() -> None:
    asked = step(
        """\
  ask:
    input:
      title: How far?
      message: Look at the graphs of {{ params.host }}.
      fields:
        percent: {type: integer, min: 1, max: 100, default: 10, required: true}
        note: {type: text}
      people: {users: [U0BOB], groups: [S0ONCALL]}
      timeout: 4h
      on_timeout: defaults
"""
    )
    assert isinstance(asked.action, InputAction)
    assert (asked.action.title, asked.action.message) == (
        "How far?",
        "Look at the graphs of {{ params.host }}.",
    )
    assert [(field.name, field.type) for field in asked.action.fields] == [
        ("percent", ParameterType.INTEGER),
        ("note", ParameterType.TEXT),
    ]
    assert asked.action.people == Approvers(("U0BOB",), ("S0ONCALL",))
    assert asked.action.on_timeout is OnNoAnswer.DEFAULTS
    assert asked.timeout_seconds == 4 * 3600


def test_an_input_has_the_title_of_its_step_and_a_day() -> None:
    asked = step("  how_far: {input: {fields: {p: {type: string}}}}")
    assert isinstance(asked.action, InputAction)
    assert (asked.action.title, asked.action.people) == ("How far", Approvers())
    assert (asked.action.on_timeout, asked.timeout_seconds) == (OnNoAnswer.FAIL, 24 * 3600)


# --- wait


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("10m", WaitAction("10m")),
        ("{duration: '{{ params.host }}'}", WaitAction("{{ params.host }}")),
        ("{until: 07:30}", WaitAction(until="07:30")),
        (
            "{until: '2026-01-31T07:30', zone: Europe/Berlin}",
            WaitAction(None, "2026-01-31T07:30", "Europe/Berlin"),
        ),
        ("{until: '{{ params.host }}'}", WaitAction(until="{{ params.host }}")),
    ],
)
def test_a_wait_has_a_duration_or_a_time_in_a_zone(written: str, action: WaitAction) -> None:
    assert step(f"  a: {{wait: {written}}}").action == action


# --- workflow


def test_another_workflow_is_named_alone_or_with_its_parameters() -> None:
    assert step("  a: {workflow: restore}").action == WorkflowAction("restore")
    action = step("  a: {workflow: {name: restore, parameters: {host: '{{ params.host }}', days: 3}}}").action
    assert action == WorkflowAction("restore", {"host": "{{ params.host }}", "days": 3})


# --- secrets


@pytest.mark.parametrize(
    "written",
    [
        "{run: x, env: {T: '{{ secrets.token }}'}}",
        "{run: x, stdin: '{{ secrets.token }}'}",
        "{http: {url: 'http://a/?t={{ secrets.token }}'}}",
        "{http: {url: 'http://a', headers: {Authorization: 'Bearer {{ secrets.token }}'}}}",
        "{http: {url: 'http://a', json: {t: ['{{ secrets.token }}']}}}",
        "{http: {url: 'http://a', form: {t: '{{ secrets.token }}'}}}",
        "{http: {url: 'http://a', body: '{{ secrets.token }}'}}",
        "{python: {function: a.b, arguments: {t: {u: '{{ secrets.token }}'}}}}",
    ],
)
def test_a_secret_is_known_to_what_workers_do(written: str) -> None:
    assert read(HEAD + f"  a: {written}").secrets == ("token",)


@pytest.mark.parametrize(
    "written",
    [
        "{run: x, if: '{{ secrets.token == \"\" }}'}",
        "{run: x, foreach: '{{ [secrets.token] }}'}",
        "{set: {t: '{{ secrets.token }}'}}",
        "{wait: '{{ secrets.token }}'}",
        "{wait: {until: '{{ secrets.token }}'}}",
        "{approval: {title: '{{ secrets.token }}'}}",
        "{approval: {message: '{{ secrets.token }}'}}",
        "{approval: {approvers: {users: ['{{ secrets.token }}']}}}",
        "{input: {title: '{{ secrets.token }}', fields: {p: {type: string}}}}",
        "{input: {message: '{{ secrets.token }}', fields: {p: {type: string}}}}",
        "{message: '{{ secrets.token }}'}",
        "{message: {text: x, channel: '{{ secrets.token }}'}}",
        "{workflow: {name: other, parameters: {t: '{{ secrets.token }}'}}}",
    ],
)
def test_a_secret_is_refused_wherever_people_would_see_it(written: str) -> None:
    mistake = the_only_mistake(HEAD + f"  a: {written}")
    assert (mistake.line, mistake.code) == (7, "EXPRESSION")
    assert "people would see it" in mistake.sentence


@pytest.mark.parametrize("key", ["outputs: {t: '{{ secrets.token }}'}", "concurrency: '{{ secrets.token }}'"])
def test_a_secret_is_refused_beside_the_steps(key: str) -> None:
    assert "people would see it" in the_only_mistake(HEAD + f"  a: {{run: x}}\n{key}").sentence


# --- bad steps: one mistake each

FIELDS = "fields: {p: {type: string}}"

BAD_KINDS = [
    ("an unknown shell", "{run: x, shell: pyton3}", "STEP-SHELL", "Did you mean 'python3'?"),
    ("an empty list as shell", "{run: x, shell: []}", "STEP-SHELL", "names no program"),
    ("an expression as shell", "{run: x, shell: ['{{ params.host }}', -c]}", "STEP-SHELL", "fixed text"),
    ("an expression as a shell's name", "{run: x, shell: '{{ params.host }}'}", "STEP-SHELL", "Choose from"),
    ("a number as shell", "{run: x, shell: 3}", "WF-TYPE", "Quote it"),
    ("a shell where nothing runs", "{wait: 1m, shell: bash}", "STEP-KEY", "it is for run"),
    ("the root as folder", "{run: x, working_directory: /}", "STEP-PATH", "relative path"),
    ("a folder above", "{run: x, working_directory: ../..}", "STEP-PATH", "without '..'"),
    ("a folder above in the middle", "{run: x, working_directory: a/../../b}", "STEP-PATH", "'a/../../b'"),
    ("a home as folder", "{run: x, working_directory: ~/x}", "STEP-PATH", "relative path"),
    ("an empty folder", "{run: x, working_directory: ''}", "STEP-PATH", "relative path"),
    (
        "a folder that is chosen",
        "{run: x, working_directory: '{{ params.host }}'}",
        "STEP-PATH",
        "fixed text",
    ),
    ("a folder for http", "{http: {url: 'http://a'}, working_directory: x}", "STEP-KEY", "it is for run"),
    ("stdin that is a list", "{run: x, stdin: [a]}", "WF-TYPE", "'stdin' must be text"),
    ("stdin for set", "{set: {x: 1}, stdin: a}", "STEP-KEY", "it is for run"),
    (
        "json and a form",
        "{http: {url: 'http://a', json: 1, form: {a: 1}}}",
        "HTTP-BODY",
        "both json and form",
    ),
    (
        "a form and a body",
        "{http: {url: 'http://a', form: {a: 1}, body: x}}",
        "HTTP-BODY",
        "both form and body",
    ),
    ("a form that nests", "{http: {url: 'http://a', form: {a: [1]}}}", "HTTP-BODY", "a list"),
    ("a form as text", "{http: {url: 'http://a', form: a=1}}", "WF-TYPE", "mapping"),
    ("too many redirects", "{http: {url: 'http://a', redirects: 6}}", "WF-LIMIT", "between 0 and 5"),
    ("redirects: true", "{http: {url: 'http://a', redirects: true}}", "WF-TYPE", "whole number"),
    ("a function that is chosen", "{python: '{{ params.host }}'}", "STEP-INJECT", "fixed text"),
    ("a function that is code", "{python: print(1)}", "PYTHON-NAME", "ops.certs:renew"),
    ("a function with two colons", "{python: 'a:b:c'}", "PYTHON-NAME", "'a:b:c'"),
    ("an empty function", "{python: ''}", "PYTHON-NAME", "does not name"),
    ("python without function", "{python: {arguments: {}}}", "WF-REQUIRED", "'function' is missing"),
    ("an argument by place", "{python: {function: a.b, arguments: [1]}}", "WF-TYPE", "mapping"),
    ("a bad argument", "{python: {function: a.b, arguments: {a-b: 1}}}", "WF-NAME", "'a-b'"),
    ("an unknown key of python", "{python: {function: a.b, args: {}}}", "WF-KEY", "'args'"),
    ("a message without text", "{message: {channel: C0OPS}}", "WF-REQUIRED", "'text' is missing"),
    ("an empty message", "{message: ' '}", "WF-REQUIRED", "'message' is empty"),
    ("an empty text", "{message: {text: ''}}", "WF-REQUIRED", "'text' is empty"),
    ("a message as list", "{message: [a]}", "WF-TYPE", "mapping"),
    (
        "to a channel and a person",
        "{message: {text: x, channel: C0OPS, user: U0BOB}}",
        "MESSAGE-WHO",
        "two steps",
    ),
    ("to a channel without #", "{message: {text: x, channel: releases}}", "MESSAGE-WHO", "'#releases'"),
    ("to a channel in capitals", "{message: {text: x, channel: '#Releases'}}", "MESSAGE-WHO", "'#Releases'"),
    ("to no channel", "{message: {text: x, channel: ''}}", "MESSAGE-WHO", "'' is no Slack channel"),
    ("to nobody", "{message: {text: x, user: ''}}", "MESSAGE-WHO", "U0BOB"),
    ("to a channel by number", "{message: {text: x, channel: 5}}", "WF-TYPE", "Quote it"),
    ("to a person by name", "{message: {text: x, user: bob}}", "MESSAGE-WHO", "U0BOB"),
    ("input without fields", "{input: {title: X}}", "WF-REQUIRED", "'fields' is missing"),
    ("input with no field", "{input: {fields: {}}}", "WF-REQUIRED", "at least one"),
    (
        "input that asks for a file",
        "{input: {fields: {p: {type: file}}}}",
        "INPUT-FIELD",
        "parameter of the workflow",
    ),
    ("a field of no type", "{input: {fields: {p: {type: strng}}}}", "PARAM-TYPE-UNKNOWN", "'string'"),
    ("people by name", f"{{input: {{{FIELDS}, people: {{users: [bob]}}}}}}", "INPUT-WHO", "U0BOB"),
    (
        "input that ends otherwise",
        f"{{input: {{{FIELDS}, on_timeout: reject}}}}",
        "WF-CHOICE",
        "fail, defaults",
    ),
    (
        "defaults that are not there",
        "{input: {fields: {p: {type: string, required: true}}, on_timeout: defaults}}",
        "INPUT-DEFAULTS",
        "Give one to: p.",
    ),
    (
        "a timeout beside an input",
        f"{{input: {{{FIELDS}}}, timeout: 1h}}",
        "STEP-TIMEOUT",
        "input: {timeout: 4h}",
    ),
    ("an unknown key of input", f"{{input: {{{FIELDS}, approvers: {{}}}}}}", "WF-KEY", "'approvers'"),
    ("a wait for nothing", "{wait: {zone: Europe/Berlin, until: }}", "WF-TYPE", "'until' is empty"),
    ("a zone alone", "{wait: {zone: Europe/Berlin, duration: 1m}}", "WAIT-UNTIL", "belongs to 'until'"),
    ("a duration and a time", "{wait: {duration: 1m, until: '07:30'}}", "WAIT-UNTIL", "not both"),
    ("a time that is none", "{wait: {until: '25:00'}}", "WAIT-UNTIL", "07:30"),
    ("a time in words", "{wait: {until: tomorrow}}", "WAIT-UNTIL", "2026-01-31T07:30"),
    ("a day on no calendar", "{wait: {until: '2026-02-30T07:30'}}", "WAIT-UNTIL", "is no time"),
    ("a misspelled zone", "{wait: {until: '07:30', zone: Europe/Berln}}", "WAIT-ZONE", "'Europe/Berlin'"),
    ("a city as zone", "{wait: {until: '07:30', zone: berlin}}", "WAIT-ZONE", "'Europe/Berlin'"),
    ("a path as zone", "{wait: {until: '07:30', zone: ../../etc/passwd}}", "WAIT-ZONE", "Europe/Berlin"),
    (
        "a zone that is chosen",
        "{wait: {until: '07:30', zone: '{{ params.host }}'}}",
        "WAIT-ZONE",
        "no time zone",
    ),
    ("a workflow that is chosen", "{workflow: '{{ params.host }}'}", "SUB-NAME", "a step with 'if' for each"),
    ("a workflow by title", "{workflow: Restore it}", "SUB-NAME", "'Restore it'"),
    ("a workflow without name", "{workflow: {parameters: {}}}", "WF-REQUIRED", "'name' is missing"),
    ("a workflow with a bad parameter", "{workflow: {name: o, parameters: {a-b: 1}}}", "WF-NAME", "'a-b'"),
    ("a timeout of another workflow", "{workflow: o, timeout: 1h}", "STEP-TIMEOUT", "its own file"),
    ("a workflow in a list", "{workflow: [a, b]}", "WF-TYPE", "'workflow' must be text"),
    ("an environment of a message", "{message: x, env: {A: 1}}", "STEP-ENV", "run and python"),
    (
        "a secret not declared",
        "{run: x, env: {T: '{{ secrets.tokn }}'}}",
        "EXPRESSION",
        "Did you mean 'token'?",
    ),
    ("all secrets", "{run: x, env: {T: '{{ secrets | tojson }}'}}", "EXPRESSION", "Name the secret"),
    (
        "a channel that a step chooses",
        "{message: {text: x, channel: '{{ steps.b.result }}'}}",
        "EXPRESSION",
        "'steps' may not be used here",
    ),
]


@pytest.mark.parametrize(
    ("written", "code", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD_KINDS]
)
def test_a_bad_step_gives_one_mistake_with_what_to_write(written: str, code: str, part: str) -> None:
    mistake = the_only_mistake(HEAD + f"  a: {written}\n")
    assert (mistake.line, mistake.code) == (7, code)
    assert part in mistake.sentence


def test_a_channel_that_became_a_comment_is_explained() -> None:
    mistake = the_only_mistake(with_steps("  a:\n    message:\n      text: x\n      channel: #releases\n"))
    assert (mistake.line, mistake.code) == (6, "MESSAGE-WHO")
    assert "'#releases'" in mistake.sentence


@pytest.mark.parametrize(
    ("shell", "reading"),
    [
        ("sh", '"$HOST"'),
        ("bash", '"$HOST"'),
        ("zsh", '"$HOST"'),
        ("python", 'os.environ["HOST"]'),
        ("python3", 'os.environ["HOST"]'),
        ("node", "process.env.HOST"),
        ("ruby", 'ENV["HOST"]'),
        ("perl", "$ENV{HOST}"),
        ("pwsh", "$env:HOST"),
        ("[php, -r]", "the environment variable HOST"),
    ],
)
def test_an_expression_in_a_source_is_refused_in_the_language_of_the_source(shell: str, reading: str) -> None:
    mistake = the_only_mistake(HEAD + f"  a:\n    shell: {shell}\n    run: x '{{{{ params.host }}}}'\n")
    assert (mistake.line, mistake.code) == (9, "STEP-INJECT")
    assert "env: {HOST: '{{ params.host }}'}" in mistake.sentence
    assert f"use {reading} here" in mistake.sentence


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("echo {{ secrets.token }}", "env: {TOKEN: '{{ secrets.token }}'}"),
        ("echo {{ secrets.host }}", "env: {HOST: '{{ secrets.host }}'}"),
        ("echo {{ item }}", "env: {ITEM: '{{ item }}'}"),
        ("echo {{ index }}", "env: {INDEX: '{{ index }}'}"),
        ("echo {{ item.name }}", "env: {NAME: '{{ item.name }}'}"),
    ],
)
def test_secrets_and_items_are_refused_in_a_source_too(source: str, line: str) -> None:
    mistake = the_only_mistake(HEAD + f"  a:\n    foreach: [1]\n    run: {source}\n")
    assert mistake.code == "STEP-INJECT"
    assert line in mistake.sentence


def test_braces_of_other_languages_stay_allowed() -> None:
    source = "docker ps --format '{{.Names}}' --filter '{{ item }}'"
    assert step(f'  a:\n    run: "{source}"\n').action == RunAction(source)
