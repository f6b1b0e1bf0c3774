"""How a workflow file's steps and runs are carried out: retry, foreach, finally, secrets, concurrency, timeouts."""

from __future__ import annotations

import pytest

from engine.core.definition import Concurrency, ForEach, OnConflict, Retry, Step, Workflow
from tests.unit.test_files import read, the_only_mistake, with_steps

HEAD = "name: w\nparameters: {hosts: {type: multi_choice, options: [a, b], default: [a]}}\nsteps:\n"


def step(text: str) -> Step:
    return read(HEAD + f"  a: {text}").steps[0]


def with_top(keys: str) -> str:
    return f"name: w\nsteps: {{a: {{run: x}}}}\n{keys}"


# --- retry


def test_a_number_of_attempts_is_a_retry_without_pauses() -> None:
    assert step("{run: x, retry: 3}").retry == Retry(3, 0, 1, 3600, 0)
    assert step("{run: x}").retry is None


def test_a_retry_says_how_long_the_pauses_are_and_after_which_failures() -> None:
    retry = step(
        "{run: x, retry: {attempts: 5, delay: 5s, backoff: 2, max_delay: 1m, jitter: 0.5, exit_codes: [1, 75]}}"
    ).retry
    assert retry == Retry(5, 5, 2, 60, 0.5, (1, 75))
    asked = step("{http: {url: 'http://a'}, retry: {attempts: 2, statuses: [502, 503]}}").retry
    assert asked == Retry(2, statuses=(502, 503))


def test_the_longest_pause_is_never_shorter_than_the_first() -> None:
    retry = step("{run: x, retry: {attempts: 2, delay: 2h}}").retry
    assert retry is not None
    assert retry.max_delay_seconds == 7200


@pytest.mark.parametrize("kind", ["run: x", "http: {url: 'http://a'}", "python: a.b"])
def test_what_can_fail_can_be_tried_again(kind: str) -> None:
    assert step(f"{{{kind}, retry: 2}}").retry == Retry(2)


# --- foreach


def test_items_are_a_list_or_one_expression() -> None:
    assert step("{run: x, foreach: '{{ params.hosts }}'}").foreach == ForEach("{{ params.hosts }}", 10)
    listed = step("{run: x, foreach: [1, a, {n: '{{ run.number }}'}], max_parallel: 3}").foreach
    assert listed == ForEach([1, "a", {"n": "{{ run.number }}"}], 3)
    assert step("{run: x, foreach: []}").foreach == ForEach([])


@pytest.mark.parametrize(
    "written",
    [
        "{run: x, env: {I: '{{ item }}', N: '{{ index + 1 }}'}}",
        "{run: x, stdin: '{{ item | tojson }}'}",
        "{http: {url: 'http://a/{{ item.id }}'}}",
        "{python: {function: a.b, arguments: {host: '{{ item }}'}}}",
        "{set: {host: '{{ item }}'}}",
    ],
)
def test_what_is_done_for_an_item_knows_it(written: str) -> None:
    assert step(written[:-1] + ", foreach: [1]}").foreach == ForEach([1])


# --- continue_on_error and timeouts


def test_a_step_may_fail_without_ending_the_run() -> None:
    assert step("{run: x, continue_on_error: true}").continue_on_error is True
    assert step("{run: x}").continue_on_error is False


def test_a_message_has_five_minutes_and_a_function_an_hour() -> None:
    assert step("{message: x}").timeout_seconds == 300
    assert step("{message: x, timeout: 1m}").timeout_seconds == 60
    assert step("{python: a.b}").timeout_seconds == 3600


def test_a_run_has_a_timeout_when_one_is_written() -> None:
    assert read(with_top("timeout: 2h")).timeout_seconds == 7200
    assert read(with_top("")).timeout_seconds is None


# --- secrets and concurrency


def test_secrets_are_declared_by_name() -> None:
    assert read(with_top("secrets: [deploy_token, db_password]")).secrets == ("deploy_token", "db_password")
    assert read(with_top("secrets: deploy_token")).secrets == ("deploy_token",)
    assert read(with_top("")).secrets == ()


def test_concurrency_is_a_key_or_says_what_to_do_about_a_conflict() -> None:
    assert read(with_top("concurrency: 'w-{{ run.requester }}'")).concurrency == Concurrency(
        "w-{{ run.requester }}"
    )
    for choice in OnConflict:
        written = f"concurrency: {{key: w, on_conflict: {choice}}}"
        assert read(with_top(written)).concurrency == Concurrency("w", choice)
    assert read(with_top("")).concurrency is None


# --- finally

FINAL = """\
name: w
steps:
  build: {run: x}
  ship: {run: x, needs: [build]}
finally:
  tidy: {run: ./tidy.sh, env: {HOW: '{{ run.status }}', WHAT: '{{ steps.ship.result }}'}}
  tell: {needs: [tidy], if: '{{ run.status == "failed" }}', message: 'Tidied: {{ steps.tidy.status }}'}
outputs: {how: '{{ run.status }}', tidied: '{{ steps.tidy.result }}'}
"""


def test_steps_of_finally_come_last_and_see_all_others_and_how_the_run_ends() -> None:
    workflow: Workflow = read(FINAL)
    assert [(step.id, step.is_final) for step in workflow.steps] == [
        ("build", False),
        ("ship", False),
        ("tidy", True),
        ("tell", True),
    ]
    assert workflow.step("tell").needs == ("tidy",)


def test_finally_may_be_written_before_the_steps() -> None:
    workflow = read("name: w\nfinally: {z: {run: x}}\nsteps: {a: {run: x}}")
    assert [step.id for step in workflow.steps] == ["a", "z"]


# --- mistakes: one each

BAD_STEPS = [
    ("one attempt", "{run: x, retry: 1}", "STEP-RETRY", "Write 2 for one more"),
    ("one attempt in a mapping", "{run: x, retry: {attempts: 1}}", "STEP-RETRY", "'attempts: 1'"),
    ("no attempt", "{run: x, retry: 0}", "WF-LIMIT", "between 1 and 20"),
    ("21 attempts", "{run: x, retry: {attempts: 21}}", "WF-LIMIT", "between 1 and 20"),
    ("attempts in words", "{run: x, retry: often}", "WF-TYPE", "whole number"),
    ("a retry without attempts", "{run: x, retry: {delay: 5s}}", "WF-REQUIRED", "'attempts' is missing"),
    ("an unknown key of retry", "{run: x, retry: {attempts: 2, pause: 5s}}", "WF-KEY", "'pause'"),
    ("a pause of two days", "{run: x, retry: {attempts: 2, delay: 2d}}", "STEP-RETRY", "longer than a day"),
    ("a pause in words", "{run: x, retry: {attempts: 2, delay: soon}}", "WF-DURATION", "'soon'"),
    (
        "a longest pause that is shorter",
        "{run: x, retry: {attempts: 2, delay: 1m, max_delay: 5s}}",
        "STEP-RETRY",
        "shorter than 'delay'",
    ),
    ("a backoff below 1", "{run: x, retry: {attempts: 2, delay: 1s, backoff: 0.5}}", "WF-LIMIT", "1 and 10"),
    ("a backoff of nothing", "{run: x, retry: {attempts: 2, backoff: 2}}", "STEP-RETRY", "Add 'delay: 5s'"),
    ("a jitter above 1", "{run: x, retry: {attempts: 2, jitter: 1.5}}", "WF-LIMIT", "0 and 1"),
    ("a jitter that is no number", "{run: x, retry: {attempts: 2, jitter: yes}}", "WF-TYPE", "a number"),
    ("an exit code of success", "{run: x, retry: {attempts: 2, exit_codes: [0]}}", "STEP-RETRY", "1 to 255"),
    ("an exit code by name", "{run: x, retry: {attempts: 2, exit_codes: [TEMP]}}", "STEP-RETRY", "'TEMP'"),
    (
        "exit codes of a request",
        "{http: {url: 'http://a'}, retry: {attempts: 2, exit_codes: [1]}}",
        "STEP-KEY",
        "it is for run, python",
    ),
    (
        "statuses of a command",
        "{run: x, retry: {attempts: 2, statuses: [503]}}",
        "STEP-KEY",
        "it is for http",
    ),
    (
        "a status that is none",
        "{http: {url: 'http://a'}, retry: {attempts: 2, statuses: [5]}}",
        "HTTP-EXPECT",
        "'5'",
    ),
    ("a retried approval", "{approval: {}, retry: 2}", "STEP-KEY", "no meaning for approval"),
    ("a retried input", "{input: {fields: {p: {type: string}}}, retry: 2}", "STEP-KEY", "input"),
    ("a retried wait", "{wait: 1m, retry: 2}", "STEP-KEY", "wait"),
    ("a retried message", "{message: x, retry: 2}", "STEP-KEY", "message"),
    ("a retried set", "{set: {x: 1}, retry: 2}", "STEP-KEY", "run, http, python"),
    ("a retried workflow", "{workflow: other, retry: 2}", "STEP-KEY", "no meaning for workflow"),
    ("items in words", "{run: x, foreach: all}", "FAN-LIMIT", "must be a list"),
    ("items as number", "{run: x, foreach: 3}", "FAN-LIMIT", "must be a list"),
    ("items as mapping", "{run: x, foreach: {a: 1}}", "FAN-LIMIT", "must be a list"),
    ("items beside text", "{run: x, foreach: 'a {{ params.hosts }}'}", "FAN-LIMIT", "one expression"),
    ("items that cannot be read", "{run: x, foreach: '{{ params.hosts '}", "EXPRESSION", "cannot be read"),
    ("1,001 items", "{run: x, foreach: [" + "1, " * 1001 + "]}", "FAN-LIMIT", "1,001 items"),
    (
        "the item in its list",
        "{run: x, foreach: '{{ [item] }}'}",
        "EXPRESSION",
        "what a step with 'foreach' does",
    ),
    ("none at a time", "{run: x, foreach: [1], max_parallel: 0}", "WF-LIMIT", "between 1 and 100"),
    ("too many at a time", "{run: x, foreach: [1], max_parallel: 101}", "WF-LIMIT", "between 1 and 100"),
    ("max_parallel alone", "{run: x, max_parallel: 2}", "FAN-LIMIT", "belongs to 'foreach'"),
    (
        "many approvals",
        "{approval: {title: '{{ item }}'}, foreach: [1]}",
        "STEP-KEY",
        "run, http, python, set",
    ),
    ("many messages", "{message: '{{ item }}', foreach: [1]}", "STEP-KEY", "message"),
    ("many waits", "{wait: 1m, foreach: [1]}", "STEP-KEY", "wait"),
    ("many workflows", "{workflow: other, foreach: [1]}", "STEP-KEY", "workflow"),
    ("an item without a list", "{run: x, env: {I: '{{ item }}'}}", "EXPRESSION", "a step with 'foreach'"),
    ("an index without a list", "{set: {i: '{{ index }}'}}", "EXPRESSION", "a step with 'foreach'"),
    ("an item in if", "{run: x, foreach: [1], if: '{{ item > 1 }}'}", "EXPRESSION", "decided once"),
    ("an approval that may fail", "{approval: {}, continue_on_error: true}", "STEP-KEY", "people decide"),
    (
        "an input that may fail",
        "{input: {fields: {p: {type: string}}}, continue_on_error: true}",
        "STEP-KEY",
        "people decide",
    ),
    ("continue_on_error in words", "{run: x, continue_on_error: 'yes'}", "WF-TYPE", "true or false"),
    (
        "the end of the run in a step",
        "{set: {x: '{{ run.status }}'}}",
        "EXPRESSION",
        "'finally' and 'outputs'",
    ),
]


@pytest.mark.parametrize(
    ("written", "code", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD_STEPS]
)
def test_a_bad_policy_gives_one_mistake_with_what_to_write(written: str, code: str, part: str) -> None:
    mistake = the_only_mistake(HEAD + f"  a: {written}\n")
    assert (mistake.line, mistake.code) == (4, code)
    assert part in mistake.sentence


BAD_TOPS = [
    ("a secret in capitals", "secrets: [TOKEN]", "WF-NAME", "'TOKEN'"),
    ("a secret twice", "secrets: [token, token]", "SECRET-DUP", "twice"),
    ("a secret like our own key", "secrets: [key]", "WF-NAME", "HANDRAIL_SECRET_KEY is Handrail's own"),
    ("secrets with values", "secrets: {token: x}", "WF-TYPE", "list"),
    ("101 secrets", "secrets: [" + ", ".join(f"s{n}" for n in range(101)) + "]", "WF-LIMIT", "101"),
    ("a run without time", "timeout: 0s", "WF-DURATION", "longer than 0s"),
    ("a run's time in words", "timeout: a while", "WF-DURATION", "'a while'"),
    ("concurrency without key", "concurrency: {on_conflict: queue}", "WF-REQUIRED", "'key' is missing"),
    ("an empty key", "concurrency: ''", "WF-REQUIRED", "is empty"),
    ("an empty key in a mapping", "concurrency: {key: ' '}", "WF-REQUIRED", "'key' is empty"),
    ("an unknown way", "concurrency: {key: w, on_conflict: skip}", "WF-CHOICE", "queue, reject, cancel"),
    ("a key that is a list", "concurrency: [w]", "WF-TYPE", "mapping"),
    ("a key that a step gives", "concurrency: 'w-{{ steps.a.result }}'", "EXPRESSION", "'steps' may not"),
    ("a key of how it ends", "concurrency: 'w-{{ run.status }}'", "EXPRESSION", "'finally' and 'outputs'"),
    ("an item in outputs", "outputs: {i: '{{ item }}'}", "EXPRESSION", "a step with 'foreach'"),
    ("an empty finally", "finally: {}", "WF-REQUIRED", "no steps in 'finally'"),
    ("finally as list", "finally: [{run: x}]", "WF-TYPE", "mapping"),
    ("a step of both", "finally: {a: {run: x}}", "STEP-DUP", "in line 2"),
    ("a question at the end", "finally: {b: {approval: {}}}", "STEP-FINAL", "Move this approval"),
    (
        "an input at the end",
        "finally: {b: {input: {fields: {p: {type: string}}}}}",
        "STEP-FINAL",
        "this input",
    ),
    ("an end that needs a step", "finally: {b: {run: x, needs: [a]}}", "STEP-NEEDS", "Take 'a' out"),
    ("an end that needs nothing known", "finally: {b: {run: x, needs: [c]}}", "STEP-NEEDS", "no step 'c'"),
    (
        "ends in a circle",
        "finally: {b: {run: x, needs: [c]}, c: {run: x, needs: [b]}}",
        "STEP-CYCLE",
        "needs",
    ),
    (
        "an end that comes too early",
        "finally: {b: {run: x}, c: {set: {x: '{{ steps.b.result }}'}}}",
        "EXPRESSION",
        "Add 'b' to its needs",
    ),
]


@pytest.mark.parametrize(("keys", "code", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD_TOPS])
def test_a_bad_key_of_the_file_gives_one_mistake(keys: str, code: str, part: str) -> None:
    mistake = the_only_mistake(with_top(keys))
    assert (mistake.line, mistake.code) == (3, code)
    assert part in mistake.sentence


def test_a_step_cannot_need_or_use_one_of_finally() -> None:
    last = "finally: {z: {run: x}}\n"
    needing = the_only_mistake(with_steps("  a: {run: x, needs: [z]}\n") + last)
    assert (needing.code, needing.line) == ("STEP-NEEDS", 3)
    assert "starts after all others" in needing.sentence
    using = the_only_mistake(with_steps("  a: {set: {x: '{{ steps.z.result }}'}}\n") + last)
    assert "comes too late" in using.sentence


def test_the_result_of_a_fan_out_is_a_list_and_has_no_parts_by_name() -> None:
    steps = with_steps(
        "  a: {run: x, foreach: [1]}\n  b: {needs: [a], set: {x: '{{ steps.a.result.port }}'}}\n"
    )
    mistake = the_only_mistake(steps)
    assert (mistake.line, mistake.code) == (4, "EXPRESSION")
    assert "steps.a.result[0].port" in mistake.sentence
    assert read(steps.replace("result.port", "result[0].port")).step("a").foreach == ForEach([1])


def test_steps_of_finally_count_among_all() -> None:
    many = "".join(f"  s{n}: {{run: x}}\n" for n in range(1000))
    assert the_only_mistake(with_steps(many) + "finally: {z: {run: x}}\n").code == "WF-LIMIT"
