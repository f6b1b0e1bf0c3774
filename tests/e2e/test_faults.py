"""Whatever is killed, frozen or emptied: a run that was confirmed is not lost, and no step is done more often than
was promised. Real processes, on SQLite and on Postgres."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import WORKFLOWS
from tests.e2e.looking import attempts_of, facts_of, number, posts_in_doubt, run_count
from tests.support.faults import (
    command_line,
    flush_redis,
    frozen_redis,
    frozen_worker,
    is_alive,
    kill_redis,
    kill_web,
    kill_worker,
    second_worker,
    wait_for_new_web,
    wait_for_new_worker,
)
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL
from tests.support.stack import Stack, fill, is_root, running_stack, wait_until

LEASE_SECONDS = 6
RECOVERY_SECONDS = LEASE_SECONDS + 30.0
"""Until a lost worker is noticed and another one goes on, on a machine with much else to do."""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("home")
    with running_stack(request, home, WORKFLOWS, HANDRAIL_LEASE_SECONDS=str(LEASE_SECONDS)) as stack:
        yield stack


def words(mark: Path) -> list[str]:
    """What the steps of a run have done, line by line."""
    return mark.read_text().splitlines() if mark.exists() else []


def wait_for_words(mark: Path, *expected: str, seconds: float = 30.0) -> None:
    wait_until(lambda: words(mark) == [*expected], seconds, lambda: str(words(mark)))


def beats(mark: Path, attempt: int) -> list[int]:
    """When an attempt was alive, in nanoseconds."""
    return [int(word) for word in words(Path(f"{mark}.{attempt}"))]


# --- workers


def test_a_killed_worker_takes_its_steps_with_it_and_each_run_ends_as_promised(
    stack: Stack, tmp_path: Path
) -> None:
    once, again = tmp_path / "once", tmp_path / "again"
    once_root = stack.start_run(ADA, "linger", mark=str(once))
    again_root = stack.start_run(ADA, "again", mark=str(again))
    wait_for_words(again, "1")
    child = int(wait_until(lambda: "".join(words(Path(f"{once}.pid")))))

    killed = kill_worker(stack)
    at = time.monotonic()

    wait_until(lambda: not is_alive(child), LEASE_SECONDS)
    assert time.monotonic() - at < LEASE_SECONDS, "it lived until another worker could have begun"
    wait_for_new_worker(stack, killed)
    stack.wait_for_status(once_root, "Error", RECOVERY_SECONDS)
    assert "whether the step took effect is unknown" in str(stack.wait_in_thread(once_root, "Error"))
    stack.wait_for_status(again_root, "Completed", RECOVERY_SECONDS)
    assert words(once) == ["started"]
    assert words(again) == ["1", "2", "after"]
    assert facts_of(stack, again_root).count("worker_lost") == 1
    first, second = attempts_of(stack, again_root)["once_more"]
    assert first != second


def test_a_step_that_kills_its_worker_each_time_ends_in_error_and_hurts_no_other_run(
    stack: Stack, tmp_path: Path
) -> None:
    mark, other = tmp_path / "mark", tmp_path / "other"
    root = stack.start_run(ADA, "killer", mark=str(mark))

    stack.wait_for_status(root, "Error", 3 * RECOVERY_SECONDS)

    assert words(mark) == ["1", "2", "3"]
    assert "lost its worker 3 times" in str(stack.wait_in_thread(root, "Error"))
    other_root = stack.start_run(ADA, "chain", mark=str(other))
    stack.wait_for_status(other_root, "Completed", RECOVERY_SECONDS)
    assert words(other) == ["a", "b", "c", "d", "e"]


def test_a_frozen_workers_step_is_gone_before_another_worker_begins_it(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with second_worker(stack) as second:
        with stopped(second):  # so that the first one gets it
            root = stack.start_run(ADA, "beats", mark=str(mark))
            wait_until(lambda: beats(mark, 1))
        with frozen_worker(stack) as first:
            wait_until(lambda: beats(mark, 2), RECOVERY_SECONDS)
            stack.wait_for_status(root, "Completed", RECOVERY_SECONDS)
        facts = facts_of(stack, root)

        # the first one wakes up, finds out, and is a worker like any other again
        stack.wait_until_said(f"(attempt_lost run={number(root)} step=beat)")
        assert is_alive(first)

    assert beats(mark, 1)[-1] < beats(mark, 2)[0]
    assert words(mark) == ["after 1"]
    assert facts_of(stack, root) == facts
    assert [name.split("-")[-2] for name in attempts_of(stack, root)["beat"]] == [str(first), str(second)]


def test_a_worker_that_is_told_to_end_ends_its_step_first_and_begins_no_other(
    stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "hold", mark=str(mark))
    wait_for_words(mark, "hold 1")
    old = stack.worker_pids()[-1]

    os.kill(old, signal.SIGTERM)
    stack.wait_until_said(f"worker_stopping name=\\S*-({old})-")
    Path(f"{mark}.go").touch()

    stack.wait_for_status(root, "Completed", RECOVERY_SECONDS)
    assert words(mark) == ["hold 1", "after 1"]
    (first,), (then,) = attempts_of(stack, root)["hold"], attempts_of(stack, root)["after"]
    assert f"-{old}-" in first
    assert f"-{old}-" not in then
    assert stack.said("(worker_left_steps)") == []


class stopped:
    """A process that was started here does nothing for a while."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


# --- Redis


def flushed(stack: Stack) -> AbstractContextManager[None]:
    flush_redis(stack)
    return nullcontext()


def killed(stack: Stack) -> AbstractContextManager[None]:
    kill_redis(stack)
    return nullcontext()


@pytest.mark.parametrize("trouble", [flushed, killed, frozen_redis])
def test_without_redis_work_only_starts_later(
    stack: Stack, tmp_path: Path, trouble: Callable[[Stack], AbstractContextManager[None]]
) -> None:
    chain, gate, fresh = (tmp_path / name for name in ("chain", "gate", "fresh"))
    gate_root = stack.start_run(ADA, "gate", mark=str(gate))
    approval = stack.wait_in_thread(gate_root, "asks for approval")
    chain_root = stack.start_run(ADA, "chain", mark=str(chain))
    wait_until(lambda: words(chain))

    with trouble(stack):
        at = time.monotonic()
        stack.slack.click(BOB, "approve", approval)
        wait_for_words(gate, "after")
        delay = time.monotonic() - at
        stack.wait_for_status(gate_root, "Completed")
        stack.wait_for_status(chain_root, "Completed")
        fresh_root = stack.start_run(ADA, "chain", mark=str(fresh))
        stack.wait_for_status(fresh_root, "Completed")

    assert delay < 10, "workers look by themselves every three seconds"
    assert words(gate) == ["after"]
    assert words(chain) == words(fresh) == ["a", "b", "c", "d", "e"]


def test_the_bell_is_heard_again_once_redis_is_back(stack: Stack, tmp_path: Path) -> None:
    before = len(stack.said(r"worker \| .* (bell\.heard_again)"))
    with frozen_redis(stack):
        stack.wait_until_said(r"worker \| .* (bell\.silent)", before + 1)
    stack.wait_until_said(r"worker \| .* (bell\.heard_again)", before + 1)


# --- the web process


def test_a_run_whose_web_process_died_is_announced_once_and_a_repeated_submit_finds_it(
    stack: Stack, tmp_path: Path
) -> None:
    stack.slack.command(ADA, f"/workflow run chain mark={tmp_path / 'mark'}")
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    before = {message["ts"] for message in stack.slack.messages()}
    runs, calls = run_count(stack), stack.slack.calls()[-1]["number"]
    stack.slack.faults("chat.postMessage", "ratelimited:5")  # so that it is not announced before

    assert stack.slack.submit(ADA, form, fill(form, {}))["ok"]
    stack.slack.wait_for_call("chat.postMessage", after=calls)
    wait_until(lambda: not posts_in_doubt(stack))  # it has heard that it is to wait
    dead = kill_web(stack)
    submit = next(row for row in reversed(stack.slack.deliveries()) if row["kind"] == "view_submission")
    wait_for_new_web(stack, dead)
    repeated = httpx.post(
        f"{stack.web_url}/slack/events", content=submit["body"], headers=submit["headers"], trust_env=False
    )

    (root,) = wait_until(lambda: new_roots(stack, before), 60.0)
    stack.wait_for_status(root, "Completed", 60.0)
    stack.wait_in_thread(root, "is Completed", 60.0)
    assert repeated.status_code == 200
    assert f"#{number(root)}" in str(repeated.json()["view"]["title"]) + str(
        repeated.json()["view"]["blocks"]
    )
    assert run_count(stack) == runs + 1
    assert words(tmp_path / "mark") == ["a", "b", "c", "d", "e"]
    assert len(new_roots(stack, before)) == 1
    assert len(stack.replies(root)) == 1


def test_a_web_process_killed_in_the_middle_of_a_post_leaves_one_message_that_soon_appears(
    stack: Stack,
) -> None:
    stack.slack.command(ADA, "/workflow run busy")
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    before = {message["ts"] for message in stack.slack.messages()}
    calls = stack.slack.calls()[-1]["number"]
    stack.slack.faults("chat.postMessage", "slow:4")

    assert stack.slack.submit(ADA, form, fill(form, {}))["ok"]
    wait_until(lambda: posts_in_doubt(stack))
    dead = kill_web(stack)
    killed_at = time.monotonic()

    (root,) = wait_until(lambda: new_roots(stack, before), 60.0)
    stack.wait_for_status(root, "Completed", 60.0)
    seconds = time.monotonic() - killed_at
    wait_for_new_web(stack, dead)
    stack.slack.wait_for_call("conversations.history", after=calls, timeout=20)
    assert seconds < 25, "the lease of the lost sender, a start of the web process, and little more"
    assert len(new_roots(stack, before)) == 1


def new_roots(stack: Stack, before: set[str]) -> list[dict[str, Any]]:
    return [m for m in stack.slack.messages() if m["ts"] not in before and is_root(m)]


def test_after_a_restart_of_everything_history_and_open_approvals_are_there(
    stack: Stack, tmp_path: Path
) -> None:
    done, open_ = tmp_path / "done", tmp_path / "open"
    done_root = stack.start_run(ADA, "chain", mark=str(done))
    stack.wait_for_status(done_root, "Completed")
    root = stack.start_run(ADA, "gate", mark=str(open_))
    approval = stack.wait_in_thread(root, "asks for approval")

    assert stack.stop() == 0
    stack.start()
    stack.slack.limits("off")

    stack.slack.command(CYD, "/workflow runs")
    listed = str(wait_until(lambda: private_lines(stack, CYD))[-1]["blocks"])
    assert f"#{number(done_root)}" in listed
    assert f"#{number(root)}" in listed
    stack.slack.click(CYD, "approve", approval)  # on the message of before
    stack.wait_for_status(root, "Completed")
    assert words(open_) == ["after"]
    stack.slack.click(ADA, "run_details", stack.root(done_root))
    details = stack.slack.wait_for_view(ADA, callback_id="details")
    stack.slack.close(ADA, details, clear=True)


def private_lines(stack: Stack, user: str) -> list[dict[str, Any]]:
    return [m for m in stack.slack.messages(GENERAL, viewer=user) if m["ephemeral_for"] == user]


# --- `handrail run` beside it


def test_a_run_in_a_terminal_and_runs_from_slack_leave_each_other_alone(stack: Stack, tmp_path: Path) -> None:
    in_terminal, from_slack = tmp_path / "terminal", tmp_path / "slack"
    with command_line(stack.environment, "run", "hold", f"mark={in_terminal}") as terminal:
        wait_for_words(in_terminal, "hold 1")
        root = stack.start_run(ADA, "hold", mark=str(from_slack))
        wait_for_words(from_slack, "hold 1")
        Path(f"{in_terminal}.go").touch()
        output, _ = terminal.communicate(timeout=60)
    assert terminal.returncode == 0, output
    assert words(in_terminal) == ["hold 1", "after 1"]
    Path(f"{from_slack}.go").touch()
    stack.wait_for_status(root, "Completed")
    worker = f"-{stack.worker_pids()[-1]}-"
    assert all(worker in name for names in attempts_of(stack, root).values() for name in names)
    in_the_terminal = attempts_of(stack, root={"text": "#1 "}, team="TERMINAL")
    assert all(f"-{terminal.pid}-" in name for names in in_the_terminal.values() for name in names)
