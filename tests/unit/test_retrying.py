"""The pauses between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.definition import Retry
from engine.core.events import Failed
from engine.core.retrying import is_tried_again, pause_seconds
from engine.core.state import TaskState, TaskStatus
from tests.unit.run_in_memory import a_step


@pytest.mark.parametrize(("failures", "pause"), [(1, 2), (2, 6), (3, 18), (4, 20), (19, 20)])
def test_each_pause_is_longer_by_the_backoff_and_none_longer_than_the_longest(
    failures: int, pause: float
) -> None:
    assert pause_seconds(Retry(20, 2, backoff=3, max_delay_seconds=20), failures, 0.5) == pause


def test_without_a_delay_there_is_no_pause() -> None:
    assert pause_seconds(Retry(20, jitter=1), 19, 1.0) == 0


@given(
    st.floats(0, 86_400),
    st.floats(1, 10),
    st.floats(0, 86_400),
    st.floats(0, 1),
    st.integers(1, 20),
    st.floats(0, 1),
)
def test_a_pause_lies_within_its_jitter_and_is_never_negative(
    delay: float, backoff: float, longest: float, jitter: float, failures: int, chance: float
) -> None:
    retry = Retry(20, delay, backoff, longest, jitter)
    middle = pause_seconds(Retry(20, delay, backoff, longest), failures, chance)
    assert middle <= round(longest, 3)
    pause = pause_seconds(retry, failures, chance)
    assert pause >= 0
    assert abs(pause - middle) <= middle * jitter + 0.002


@pytest.mark.parametrize(("failures", "is_again"), [(0, True), (1, True), (2, False), (3, False)])
def test_attempts_count_the_first_too(failures: int, is_again: bool) -> None:
    step, task = a_step("a", retry=Retry(3)), TaskState("a", TaskStatus.RUNNING, failures=failures)
    assert is_tried_again(step, task, Failed("exit code 1")) == is_again


def test_a_step_without_retry_is_attempted_once() -> None:
    assert not is_tried_again(a_step("a"), TaskState("a", TaskStatus.RUNNING), Failed("exit code 1"))


@pytest.mark.parametrize(
    ("failed", "is_again"),
    [
        (Failed("", exit_code=75), True),
        (Failed("", status=503), True),
        (Failed("", exit_code=503), False),
        (Failed("", status=75), False),
        (Failed(""), False),
    ],
)
def test_exit_codes_and_statuses_are_told_apart(failed: Failed, is_again: bool) -> None:
    step = a_step("a", retry=Retry(2, exit_codes=(75,), statuses=(503,)))
    assert is_tried_again(step, TaskState("a", TaskStatus.RUNNING), failed) == is_again
