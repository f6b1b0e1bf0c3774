"""Declared secrets: they reach the step that asks for them, and nothing that people see or that is stored."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from engine.core.definition import Action, HttpAction, JsonValue, PythonAction, RunAction, SetAction
from engine.core.events import Errored, Failed, Outcome, Succeeded
from engine.executors.dispatch import execute
from engine.expressions import Expressions
from engine.secrets import Secrets
from tests.engine_shell.http_server import answering, serving, start_of_answer
from tests.engine_shell.steps import Kept, step_context

TOKEN = 't0k3n/\'+<"ü"> &\\x'
PEM = """-----BEGIN KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
kqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ
end-of=
-----END KEY-----
"""
KNOWN = Secrets({"HANDRAIL_SECRET_TOKEN": TOKEN, "HANDRAIL_SECRET_PEM": PEM, "HANDRAIL_SECRET_PIN": "4711"})


def carry_out(action: Action, kept: Kept | None = None, **options: object) -> Outcome:
    given = {"declared": ["token", "pem", "pin", "absent"], "known_secrets": KNOWN, **options}
    return execute(step_context(action, kept or Kept(), **given))  # type: ignore[arg-type]


# --- they arrive


def test_a_command_gets_a_secret_through_env_and_stdin() -> None:
    kept = Kept()
    check = 'printf %s "$T" | wc -c | tr -d " "; cat | wc -c | tr -d " "'
    carry_out(RunAction(check, stdin="{{ secrets.pem }}"), kept, env={"T": "{{ secrets.token }}"})
    assert kept.stdout.split() == [str(len(TOKEN.encode())), str(len(PEM))]


def test_a_request_gets_a_secret() -> None:
    with serving(answering(200)) as server:
        action = HttpAction(
            "POST", server.url, {"Authorization": "Bearer {{ secrets.pin }}"}, {"a": ["{{ secrets.token }}"]}
        )
        carry_out(action)
    assert server.asked[0].headers["authorization"] == "Bearer 4711"
    assert json.loads(server.asked[0].body) == {"a": [TOKEN]}


def test_a_function_gets_a_secret(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def size(t): return len(t)\n")
    outcome = carry_out(PythonAction("steps:size", {"t": "{{ secrets.token }}"}), folder=tmp_path)
    assert outcome == Succeeded(len(TOKEN), exit_code=0)


def test_real_expressions_compute_with_secrets(tmp_path: Path) -> None:
    kept = Kept()
    context = step_context(
        RunAction('test "$A" = "pin 4711" && test "$B" = 4711'),
        kept,
        env={"A": "pin {{ secrets.pin | trim }}", "B": "{{ secrets['pin'] }}"},
        declared=["pin"],
        known_secrets=KNOWN,
    )
    object.__setattr__(context, "evaluate", Expressions())
    assert execute(context) == Succeeded(exit_code=0)


# --- they do not leave


LEAKS = r"""
import base64, html, json, os, sys, time, urllib.parse
t = os.environ["T"]
b = t.encode()
for before in ("", "a", "ab", "abc"):
    print(base64.b64encode(before.encode() + b + b"z").decode())
    print(base64.urlsafe_b64encode(before.encode() + b + b"zz").decode())
print(urllib.parse.quote(t), urllib.parse.quote(t, safe=""), urllib.parse.quote_plus(t))
print(urllib.parse.quote(t, safe="").replace("%2F", "%2f").replace("%C3%BC", "%c3%bc"))
print(json.dumps(t), json.dumps(t, ensure_ascii=False), json.dumps({"deep": [t]}))
print(html.escape(t), html.escape(t, quote=False), html.escape(t).replace("&#x27;", "&#39;"))
print(b.hex(), b.hex().upper())
for sign in t:
    sys.stdout.write(sign); sys.stdout.flush(); time.sleep(0.002)
print()
print("error", t, file=sys.stderr)
print(json.dumps({"t": t, t: [t]}))
"""


@pytest.mark.parametrize("name", ["token", "pem", "pin"])
def test_no_encoding_of_a_secret_is_seen(name: str) -> None:
    value = KNOWN.look_up(name)
    kept = Kept()
    command = RunAction(f"python3 - <<'END'\n{LEAKS}END\nexit 3")
    outcome = carry_out(
        command,
        kept,
        env={"T": f"{{{{ secrets.{name} }}}}"},
    )
    assert isinstance(outcome, Failed)
    seen = kept.stdout + kept.stderr + json.dumps(kept.arguments) + json.dumps(outcome.result)
    data = value.encode()
    for form in (
        value, quote(value), quote(value, safe=""), json.dumps(value)[1:-1], html.escape(value), data.hex(),
        data.hex().upper(), base64.b64encode(data).decode().rstrip("=")[:-1], data.decode("latin-1"),
    ):  # fmt: skip
        assert form not in seen
    for line in value.splitlines():
        assert len(line) < 4 or line not in seen
    assert seen.count("***") > 15
    assert kept.stderr == "error ***\n" or name == "pem"


def test_each_line_of_a_key_is_masked_by_itself() -> None:
    kept = Kept()
    carry_out(RunAction("printf %s \"$T\" | sed 's/^/   /'"), kept, env={"T": "{{ secrets.pem }}"})
    assert kept.stdout == "   ***\n" * 5


def test_base64_that_is_broken_into_lines_is_masked() -> None:
    kept = Kept()
    carry_out(
        RunAction('printf %s "$T" | base64; printf %s "$T" | base64 -w 64'),
        kept,
        env={"T": "{{ secrets.pem }}"},
    )
    shown = set(kept.stdout.split())
    assert "***" in shown
    assert all(len(word) < 6 for word in shown), "the end of a last line may be too short to be told apart"


def test_a_secret_in_an_answer_an_error_and_a_result_is_masked(tmp_path: Path) -> None:
    with serving(lambda handler: start_of_answer(handler, 500, ETag="t-4711")) as server:
        kept = Kept()
        outcome = carry_out(HttpAction("GET", server.url + "{{ secrets.pin }}?x={{ secrets.pin }}"), kept)
    assert isinstance(outcome, Failed)
    assert "4711" not in json.dumps(kept.arguments)
    assert outcome.result == {"status": 500, "headers": {"etag": "t-***"}, "text": ""}
    (tmp_path / "steps.py").write_text("def fail(t): raise ValueError('wrong: ' + t)\n")
    failed = carry_out(PythonAction("steps:fail", {"t": "{{ secrets.pin }}"}), kept, folder=tmp_path)
    assert failed == Failed("ValueError: wrong: ***", exit_code=1)
    assert "4711" not in kept.stderr
    assert "***" in kept.stderr


def test_our_own_secrets_stay_masked_beside_declared_ones() -> None:
    kept = Kept()
    command = RunAction("echo handrails-own $T")
    carry_out(command, kept, env={"T": "{{ secrets.pin }}"}, secrets=["handrails-own"])
    assert kept.stdout == "*** ***\n"


def test_all_that_a_workflow_declares_is_masked_and_only_what_a_step_asks_for_has_to_be_there() -> None:
    kept = Kept()
    carry_out(RunAction("echo 4711 $T"), kept, env={"T": "{{ secrets.token }}"})
    assert kept.stdout == "*** ***\n"
    assert carry_out(RunAction("true")) == Succeeded(exit_code=0)  # although one that is declared is absent


def test_a_secret_that_a_sentence_quotes_in_part_is_masked() -> None:
    long = "Sl0w-" + "0123456789abcdef" * 8
    context = step_context(
        RunAction("true"),
        Kept(),
        env={"A": "{{ secrets.long | int }}"},
        declared=["long"],
        known_secrets=Secrets({"HANDRAIL_SECRET_LONG": long}),
    )
    object.__setattr__(context, "evaluate", Expressions())
    outcome = execute(context)
    assert isinstance(outcome, Errored)
    assert "Sl0w" not in outcome.error
    assert outcome.error.endswith("'***…' is not a whole number.")


def test_a_secret_that_a_long_exception_is_cut_in_is_masked(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def fail(t): raise ValueError('x' * 480 + t)\n")
    secret = "Sl0w-0123456789"
    outcome = carry_out(
        PythonAction("steps:fail", {"t": "{{ secrets.pin }}"}),
        folder=tmp_path,
        known_secrets=Secrets({"HANDRAIL_SECRET_PIN": secret}),
    )
    assert outcome == Failed("ValueError: " + "x" * 480 + "***…", exit_code=1)


# --- and when they cannot be had


def test_a_missing_secret_is_an_error_and_nothing_is_started(tmp_path: Path) -> None:
    outcome = carry_out(RunAction("touch ran"), folder=tmp_path, env={"T": "{{ secrets.absent }}"})
    assert outcome == Errored(
        "The secret 'absent' is not there on this worker. Set HANDRAIL_SECRET_ABSENT, or put a file named absent "
        "into the folder HANDRAIL_SECRETS."
    )
    assert not (tmp_path / "ran").exists()


def test_a_secret_that_is_too_short_is_an_error() -> None:
    outcome = carry_out(
        RunAction("true"),
        env={"T": "{{ secrets.pin }}"},
        known_secrets=Secrets({"HANDRAIL_SECRET_PIN": "123"}),
    )
    assert isinstance(outcome, Errored)
    assert outcome.error.startswith("The secret 'pin' has fewer than 4 characters")


def test_a_secret_that_is_not_declared_is_unknown() -> None:
    outcome = carry_out(RunAction("true"), env={"T": "{{ secrets.pin }}"}, declared=[])
    assert outcome == Errored("There is no secrets.pin.")


def test_values_that_are_only_computed_see_no_secrets() -> None:
    assert carry_out(SetAction({"x": "{{ secrets.pin }}"})) == Errored("There is no secrets.pin.")


def test_no_secret_is_in_the_environment_of_a_step_unasked() -> None:
    kept = Kept()
    base = {"PATH": "/bin:/usr/bin", "HANDRAIL_SECRET_PIN": "4711", "HANDRAIL_SECRETS": "/run/secrets"}
    carry_out(RunAction("env"), kept, base_environment=base)
    assert "SECRET" not in kept.stdout


# --- rehearsals


@pytest.mark.parametrize(
    ("action", "line", "arguments"),
    [
        (
            RunAction("touch ran\nexit 3", stdin="{{ secrets.absent }}"),
            "touch ran ...",
            {"command": "touch ran\nexit 3", "env": {"A": "1"}, "stdin": "***"},
        ),
        (
            HttpAction("post", "http://127.0.0.1:1/{{ params.x }}", {}, {"a": "{{ secrets.pin }}"}),
            "POST http://127.0.0.1:1/1",
            {"method": "POST", "url": "http://127.0.0.1:1/1", "json": {"a": "***"}},
        ),
        (
            PythonAction("steps:touch", {"n": "{{ params.x }}", "t": "{{ secrets.pin }}"}),
            'steps:touch(n=1, t="***")',
            {"function": "steps:touch", "arguments": {"n": 1, "t": "***"}, "env": {"A": "1"}},
        ),
    ],
)  # fmt: skip
def test_a_rehearsal_does_nothing_and_says_what_would_be_done(
    action: Action, line: str, arguments: JsonValue, tmp_path: Path
) -> None:
    (tmp_path / "steps.py").write_text("def touch(**x): open('ran', 'w')\n")
    kept = Kept()
    env = {} if isinstance(action, HttpAction) else {"A": "{{ params.x }}"}
    outcome = carry_out(action, kept, folder=tmp_path, params={"x": 1}, env=env, is_rehearsal=True)
    assert outcome == Succeeded(None)
    assert kept.arguments == [arguments]
    assert kept.stdout == ""
    verb = {RunAction: "run", HttpAction: "send", PythonAction: "call"}[type(action)]
    assert kept.stderr == f"[Rehearsal: this would {verb} {line}]\n"
    assert not (tmp_path / "ran").exists()


def test_values_are_computed_in_a_rehearsal_too() -> None:
    assert carry_out(SetAction({"x": "{{ params.x }}"}), params={"x": 1}, is_rehearsal=True) == Succeeded(
        {"x": 1}
    )
