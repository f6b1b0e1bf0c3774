"""`run` steps: what a command gets, what becomes of it, and what people are told about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.core.definition import JsonValue, RunAction
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors.base import AttemptLost, StepContext
from engine.executors.dispatch import execute
from engine.lease import Lease
from engine.output import OutputLimits
from tests.engine_shell.steps import Kept, is_alive, read_pid, set_later, step_context, wait_until


def run(command: str, kept: Kept | None = None, **options: object) -> Outcome:
    return execute(context_of(command, kept or Kept(), **options))


def context_of(command: str, kept: Kept, **options: object) -> StepContext:
    return step_context(RunAction(command), kept, **options)  # type: ignore[arg-type]


# --- how it ends


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("true", Succeeded(exit_code=0)),
        ("echo error on every line; exit 0", Succeeded(exit_code=0)),  # text is not judged
        ("exit 3", Failed("exit code 3", exit_code=3)),
        ("false; echo never reached", Failed("exit code 1", exit_code=1)),
        ("does-not-exist", Failed("exit code 127: a command was not found", exit_code=127)),
        ("/etc/passwd", Failed("exit code 126: a command is not executable", exit_code=126)),
        ("sh -c 'kill -9 $$'", Failed("exit code 137: a command was killed by SIGKILL", exit_code=137)),
        ("kill -9 $$", Failed("killed by SIGKILL (out of memory?)")),
        ("kill -TERM $$", Failed("killed by SIGTERM")),
        ("kill -40 $$", Failed("killed by signal 40")),
    ],
)
def test_how_a_command_ends_decides_the_outcome(command: str, outcome: Outcome) -> None:
    # dash is used as a login shell's child here and there, so the last command may be replaced by exec
    assert run(command) == outcome


def test_a_timeout_fails_the_step_and_stops_the_command(tmp_path: Path) -> None:
    outcome = run("echo $$ > pid; sleep 1000", folder=tmp_path, timeout_seconds=0.5, grace_seconds=1)
    assert outcome == Failed("did not end within 0.5s, stopped")
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_stop_ends_the_command_within_two_seconds(tmp_path: Path) -> None:
    stop = threading.Event()
    started = 0.0

    def is_started() -> bool:
        nonlocal started
        started = time.monotonic()
        return (tmp_path / "pid").exists()

    with set_later(stop, is_started):
        outcome = run("echo $$ > pid; sleep 1000", folder=tmp_path, stop=stop)
    assert outcome == Stopped()
    assert time.monotonic() - started < 2
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_stop_before_the_beginning_is_a_stop_too() -> None:
    stop = threading.Event()
    stop.set()
    assert run("sleep 1000", stop=stop) == Stopped()


def test_a_lease_that_is_not_renewed_loses_the_attempt() -> None:
    with pytest.raises(AttemptLost, match="held up"):
        run("sleep 1000", lease=Lease(0.9, time.monotonic()))


def test_a_killed_supervisor_loses_the_attempt(tmp_path: Path) -> None:
    with pytest.raises(AttemptLost, match="was killed"):
        run("kill -9 $PPID; sleep 1000", folder=tmp_path)


def test_a_folder_that_is_missing_is_an_error() -> None:
    outcome = run("true", folder="/does/not/exist")
    assert isinstance(outcome, Errored)
    assert "/does/not/exist" in outcome.error


# --- what it gets


def test_values_arrive_as_environment_variables(tmp_path: Path) -> None:
    params: dict[str, JsonValue] = {
        "version": "v1.2.3; rm -rf $HOME `id`",
        "canary": 10,
        "ratio": 2.5,
        "dry_run": True,
        "force": False,
        "regions": ["eu", "ü"],
        "note": None,
        "two-words": "x",
    }
    kept = Kept()
    run("env -0", kept, params=params, env={"TAG": "tag {{ params.canary }}", "ALL": "{{ params.regions }}"})
    # NUL characters are not kept, so the separators are gone: look for each entry
    for entry in (
        "PARAM_VERSION=v1.2.3; rm -rf $HOME `id`",
        "PARAM_CANARY=10",
        "PARAM_RATIO=2.5",
        "PARAM_DRY_RUN=true",
        "PARAM_FORCE=false",
        'PARAM_REGIONS=["eu","ü"]',
        "PARAM_NOTE=",
        "PARAM_TWO_WORDS=x",
        "TAG=tag 10",
        'ALL=["eu","ü"]',
        "HANDRAIL_RUN_ID=0123456789abcdef0123456789abcdef",
        "HANDRAIL_RUN_NUMBER=1042",
        "HANDRAIL_STEP=build",
        "HANDRAIL_ATTEMPT=2",
        "HANDRAIL_REQUESTER=U0ADA",
    ):
        assert entry in kept.stdout


def test_of_the_workers_own_environment_only_a_little_arrives() -> None:
    kept = Kept()
    base = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "http_proxy": "p",
        "X": "y",
    }
    run("env | sed 's/=.*//' | sort", kept, base_environment=base)
    assert set(kept.stdout.split()) - {"PWD", "OLDPWD", "SHLVL", "_"} == {
        "PATH", "LANG", "HANDRAIL_RUN_ID", "HANDRAIL_RUN_NUMBER", "HANDRAIL_STEP", "HANDRAIL_ATTEMPT",
        "HANDRAIL_REQUESTER", "HANDRAIL_OUTPUT", "HANDRAIL_TMP",
    }  # fmt: skip


def test_a_step_may_change_its_path_but_not_who_it_is() -> None:
    kept = Kept()
    run("/bin/echo $PATH $HANDRAIL_STEP", kept, env={"PATH": "/opt/bin", "HANDRAIL_STEP": "other"})
    assert kept.stdout == "/opt/bin build\n"


def test_a_command_starts_in_its_workflows_folder(tmp_path: Path) -> None:
    kept = Kept()
    run("pwd", kept, folder=tmp_path)
    assert kept.stdout == f"{tmp_path}\n"


def test_the_temporary_folder_is_there_and_gone_afterwards() -> None:
    kept = Kept()
    run("cd $HANDRAIL_TMP; pwd; mkdir -p a/b; touch a/b/c; chmod 0 a/b", kept)
    assert not Path(kept.stdout.strip()).exists()


def test_a_command_reads_nothing_from_standard_input() -> None:
    assert run('test -z "$(cat)"') == Succeeded(exit_code=0)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("a\0b", "The value of PARAM_X holds a NUL character"),
        ("x" * 131_072, "The value of PARAM_X is 128 KiB long"),
        ("ü" * 70_000, "The value of PARAM_X is 136 KiB long"),
    ],
    ids=["NUL", "long", "long in bytes"],
)
def test_values_that_no_variable_can_hold_are_an_error(value: str, sentence: str) -> None:
    outcome = run("true", params={"x": value})
    assert isinstance(outcome, Errored)
    assert outcome.error.startswith(sentence)


def test_the_longest_value_that_fits_arrives() -> None:
    value = "x" * (131_072 - len("PARAM_X=") - 1)
    assert run(f"test ${{#PARAM_X}} = {len(value)}", params={"x": value}) == Succeeded(exit_code=0)


def test_more_values_than_fit_together_are_an_error() -> None:
    outcome = run("true", params={f"x{number}": "x" * 100_000 for number in range(60)})
    assert outcome == Errored("The command could not be started: Argument list too long: /bin/sh.")


def test_a_command_that_is_too_long_is_an_error() -> None:
    outcome = run("true #" + "x" * 131_072)
    assert outcome == Errored("The command is longer than 128 KiB. Put it into a script file and run that.")


def test_half_characters_do_not_stop_a_step() -> None:
    assert run("test \"$PARAM_X\" = 'a?b'", params={"x": "a\ud800b"}) == Succeeded(exit_code=0)


def test_an_expression_that_cannot_be_computed_is_an_error() -> None:
    assert run("true", env={"A": "{{ params.missing }}"}) == Errored("There is no params.missing.")


def test_the_arguments_are_recorded_resolved_and_masked() -> None:
    kept = Kept()
    run(
        "deploy secret-value || true",
        kept,
        params={"v": "1"},
        env={"V": "{{ params.v }}"},
        secrets=["secret-value"],
    )
    assert kept.arguments == [{"command": "deploy *** || true", "env": {"V": "1"}}]


# --- its result


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("""echo hello; echo '{"a": [1, 2.5, null]}'""", {"a": [1, 2.5, None]}),
        ("echo '[1]'; echo; echo '  '", [1]),
        ("echo 42", 42),
        ("echo true", True),
        ("printf '\"no line end\"'", "no line end"),
        ("echo hello", None),
        ("echo '{\"a\": 1}'; echo done", None),
        ("echo '{\"a\": 1}' >&2", None),
        ("echo NaN", None),
        ("echo '[1e999]'", None),
        ("echo '{\"a\":'", None),
        ("true", None),
        ("i=0; while [ $i -lt 200 ]; do printf '['; i=$((i+1)); done", None),
    ],
)
def test_the_last_line_of_stdout_is_the_result_when_it_is_json(command: str, result: JsonValue) -> None:
    assert run(command) == Succeeded(result, exit_code=0)


def test_what_is_written_to_the_output_file_goes_first() -> None:
    assert run("echo '{\"a\": 1}' > $HANDRAIL_OUTPUT; echo '[2]'") == Succeeded({"a": 1}, exit_code=0)


def test_an_empty_output_file_says_nothing() -> None:
    assert run(": > $HANDRAIL_OUTPUT; echo '[2]'") == Succeeded([2], exit_code=0)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("echo not json > $HANDRAIL_OUTPUT", "What it wrote to $HANDRAIL_OUTPUT is not JSON: "),
        ("printf '\\377' > $HANDRAIL_OUTPUT", "What it wrote to $HANDRAIL_OUTPUT is not JSON: "),
        (
            "echo '[NaN]' > $HANDRAIL_OUTPUT",
            "What it wrote to $HANDRAIL_OUTPUT is not JSON: NaN is not JSON.",
        ),
        ("head -c 262145 /dev/zero > $HANDRAIL_OUTPUT", "What it wrote to $HANDRAIL_OUTPUT is larger than"),
        ("mkdir $HANDRAIL_OUTPUT", "$HANDRAIL_OUTPUT is no longer an ordinary file"),
        ("mkfifo $HANDRAIL_OUTPUT", "$HANDRAIL_OUTPUT is no longer an ordinary file"),
        ("ln -s /etc/passwd $HANDRAIL_OUTPUT", "$HANDRAIL_OUTPUT could not be read: "),
        (
            f"echo '{'[' * 60}{']' * 60}' > $HANDRAIL_OUTPUT",
            "What it wrote to $HANDRAIL_OUTPUT is not JSON: it is nested more than 50 deep.",
        ),
        (
            f"{sys.executable} -c 'print(\"[\" * 100_000)' > $HANDRAIL_OUTPUT",
            "What it wrote to $HANDRAIL_OUTPUT is not JSON: it is nested too deeply.",
        ),
    ],
)
def test_a_bad_output_file_fails_the_step(command: str, sentence: str) -> None:
    outcome = run(command)
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(sentence)
    assert outcome.exit_code == 0


def test_a_failed_command_keeps_its_result_and_its_exit_code_comes_first() -> None:
    assert run("echo '{\"at\": 7}'; exit 2") == Failed("exit code 2", {"at": 7}, 2)
    assert run("echo bad > $HANDRAIL_OUTPUT; exit 2") == Failed("exit code 2", None, 2)


def test_secrets_are_masked_in_the_result_and_the_output() -> None:
    kept = Kept()
    command = 'echo secret-value >&2; echo \'{"a": "secret-value"}\''
    assert run(command, kept, secrets=["secret-value"]) == Succeeded({"a": "***"}, exit_code=0)
    assert kept.stderr == "***\n"
    assert kept.stdout == '{"a": "***"}\n'


# --- its output


def test_both_streams_are_kept() -> None:
    kept = Kept()
    run("echo out; echo err >&2", kept)
    assert (kept.stdout, kept.stderr) == ("out\n", "err\n")


def test_the_steps_id_stands_before_the_shells_own_complaints() -> None:
    kept = Kept()
    run("does-not-exist", kept)
    assert kept.stderr.startswith("build: ")


def test_what_a_step_left_running_is_ended_with_a_note(tmp_path: Path) -> None:
    kept = Kept()
    command = "(setsid sh -c 'echo $$ > pid; exec sleep 1000' &); while ! test -s pid; do sleep 0.01; done"
    assert run(command, kept, folder=tmp_path) == Succeeded(exit_code=0)
    assert kept.stderr == "[What this step left running was ended with it.]\n"
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_an_endless_writer_is_stopped_at_its_time_limit() -> None:
    kept = Kept()
    limits = OutputLimits(head_bytes=1000, tail_bytes=1000)
    outcome = run("yes", kept, timeout_seconds=1, limits=limits)
    assert outcome == Failed("did not end within 1s, stopped")
    assert "left out]" in kept.stdout
    assert len(kept.stdout) < 2100


WORKER = """
import sys, time
from pathlib import Path
from engine.core.definition import RunAction
from engine.executors.dispatch import execute
from tests.engine_shell.steps import Kept, step_context
execute(step_context(RunAction(sys.argv[1]), Kept(), folder=sys.argv[2]))
"""


def test_the_children_and_the_folder_of_a_dead_worker_go_with_it(tmp_path: Path) -> None:
    command = (
        "echo $HANDRAIL_TMP > scratch; sleep 1000 & echo $! > child;"
        "(setsid sh -c 'echo $$ > far; sleep 1000' &); echo $$ > pid; wait"
    )
    worker = subprocess.Popen([sys.executable, "-c", WORKER, command, str(tmp_path)])
    try:
        pids = [read_pid(tmp_path / name) for name in ("child", "far", "pid")]
        scratch = Path((tmp_path / "scratch").read_text().strip())
        assert scratch.is_dir()
        worker.kill()
        wait_until(lambda: not any(map(is_alive, pids)), 1.0)
        wait_until(lambda: not scratch.exists())
    finally:
        worker.kill()
        worker.wait()


def test_many_steps_run_beside_each_other_without_holding_each_other_up(tmp_path: Path) -> None:
    """The pipes of one step must not be inherited by another one that starts at the same moment."""
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(run("echo '[1]'; sleep 0.2", folder=tmp_path)))
        for _ in range(8)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Succeeded([1], exit_code=0)] * 8
    assert time.monotonic() - started < 4


def test_the_shape_of_the_output_file_is_any_json(tmp_path: Path) -> None:
    value: JsonValue = {"deep": [{"a": "ü🎉"}]}
    (tmp_path / "value.json").write_text(json.dumps(value))
    assert run("cp value.json $HANDRAIL_OUTPUT", folder=tmp_path) == Succeeded(value, exit_code=0)
