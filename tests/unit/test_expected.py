"""How long something usually takes, and when it is said to be slow."""

from __future__ import annotations

import pytest

from engine.core.expected import Usual, is_slower, remark, usual_of


@pytest.mark.parametrize(
    ("durations", "expected"),
    [([], None), ([5, 7], None), ([9, 1, 5], Usual(5, 3)), ([1, 2, 3, 100_000], Usual(2, 4))],
)
def test_the_median_of_enough_durations_is_usual(durations: list[int], expected: Usual | None) -> None:
    assert usual_of(durations) == expected


@pytest.mark.parametrize(
    ("usual_ms", "elapsed_ms", "slower"),
    [
        (60_000, 90_000, False),
        (60_000, 90_001, True),
        (1000, 10_999, False),
        (1000, 11_000, True),
        (0, 10_000, True),
    ],
)
def test_slow_is_half_as_long_again_and_ten_seconds_over(
    usual_ms: int, elapsed_ms: int, slower: bool
) -> None:
    assert is_slower(Usual(usual_ms, 3), elapsed_ms) is slower


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (999, "under 1s"),
        (1499, "1s"),
        (59_700, "1m"),
        (180_000, "3m"),
        (95_000, "1m35s"),
        (1_234_000, "20m30s"),
        (3_725_000, "1h2m"),
        (90_000_000, "1d1h"),
    ],
)
def test_a_usual_duration_is_said_as_exactly_as_matters(milliseconds: int, words: str) -> None:
    assert Usual(milliseconds, 3).words == words


def test_what_is_said_depends_on_where_it_stands() -> None:
    usual = Usual(180_000, 20)
    assert remark(None, 0, None, 10) == ""
    assert remark(usual, None, None, 10_000_000) == "usually 3m"
    assert remark(usual, 0, None, 60_000) == "usually 3m"
    assert remark(usual, 0, None, 400_000) == "slower than usual (3m)"
    assert remark(usual, 0, 400_000, 9_000_000) == "slower than usual (3m)"
    assert remark(usual, 0, 180_000, 9_000_000) == ""
