"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.durations import MAX_DURATION_SECONDS, duration_text, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("4h", 14_400),
        ("1d", 86_400),
        ("1h30m", 5400),
        ("1d2h3m4s", 93_784),
        ("0.5s", 0.5),
        ("90", 90),
        ("1.5", 1.5),
        (90, 90),
        (0.25, 0.25),
        (0, 0),
        ("366d", MAX_DURATION_SECONDS),
    ],
)
def test_a_duration_is_read_as_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    ["", "soon", "10 m", "10M", "m", "30m1h", "1.5h", "-5s", "+5", "1e3", "٣m", "1" * 41, None, True, [], {}],
)
def test_what_is_no_duration_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match=r"is not a duration\. Write a duration such as 90s"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["367d", "9" * 30 + "d", -1, 1e300, float("inf"), float("nan"), 10**400])
def test_a_duration_out_of_range_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is out of range"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "0.5s"), (90, "1m30s"), (3600, "1h"), (93_784, "1d2h3m4s")]
)
def test_a_duration_is_written_as_workflow_files_do(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.integers(0, MAX_DURATION_SECONDS))
def test_what_is_written_can_be_read_again(seconds: int) -> None:
    assert parse_duration(duration_text(seconds)) == seconds
