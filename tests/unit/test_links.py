"""Workflows that start each other: what is wrong between files, where it says so, and what stays in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.checking import check_files
from engine.core.errors import Mistake
from engine.registry import Registry
from tests.unit.test_registry import Clock

RESTORE = """
name: restore
parameters:
  host: {type: string, required: true}
  days: {type: integer, max: 30, default: 7}
  who: {type: user, required: true, default: '{{ me }}'}
  at: {type: time, default: '08:00'}
steps: {a: {run: x}}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(text)
    return path


def starting(name: str, *children: str) -> str:
    """The text of a workflow that starts others."""
    steps = "".join(f"  start_{child}: {{workflow: {child}}}\n" for child in children)
    return f"name: {name}\nsteps:\n  a: {{run: x}}\n{steps}"


def write_all(folder: Path, calls: dict[str, tuple[str, ...]]) -> None:
    for name, children in calls.items():
        write(folder, name, starting(name, *children))


def the_only_mistake(registry: Registry) -> Mistake:
    (mistake,) = registry.mistakes()
    return mistake


@pytest.fixture
def clock() -> Clock:
    return Clock()


def drill(action: str) -> str:
    return f"name: drill\nparameters: {{h: {{type: string}}}}\nsteps:\n  go:\n    workflow: {action}\n"


def test_a_workflow_may_start_others_that_get_what_they_need(tmp_path: Path) -> None:
    write(tmp_path, "restore", RESTORE)
    write(
        tmp_path,
        "drill",
        drill("{name: restore, parameters: {host: '{{ params.h }}', days: 3, at: '7:30', who: null}}"),
    )
    write(tmp_path, "all", starting("all", "drill"))
    registry = Registry(tmp_path)
    assert registry.mistakes() == ()
    assert sorted(registry.workflows()) == ["all", "drill", "restore"]


@pytest.mark.parametrize(
    ("action", "column", "code", "part"),
    [
        ("restor", 15, "SUB-NAME", "There is no workflow 'restor'. Did you mean 'restore'?"),
        ("{name: nope}", 22, "SUB-NAME", "There is no workflow 'nope'."),
        ("restore", 15, "SUB-PARAM", "'restore' needs the parameter 'host'"),
        ("{name: restore, parameters: {days: 3}}", 22, "SUB-PARAM", "parameters: {host: ...}"),
        ("{name: restore, parameters: {host: a, dayz: 3}}", 59, "SUB-PARAM", "Did you mean 'days'?"),
        ("{name: restore, parameters: {host: a, days: 31}}", 59, "SUB-PARAM", "out of range"),
        ("{name: restore, parameters: {host: a, days: many}}", 59, "SUB-PARAM", "whole number"),
        ("{name: restore, parameters: {host: null}}", 50, "SUB-PARAM", "needs the parameter 'host'"),
    ],
)
def test_a_step_that_starts_a_workflow_wrongly_keeps_its_own_from_being_offered(
    tmp_path: Path, action: str, column: int, code: str, part: str
) -> None:
    write(tmp_path, "restore", RESTORE)
    path = write(tmp_path, "drill", drill(action))
    registry = Registry(tmp_path)
    mistake = the_only_mistake(registry)
    assert (mistake.file, mistake.line, mistake.column, mistake.code) == (str(path), 5, column, code)
    assert part in mistake.sentence
    assert list(registry.workflows()) == ["restore"]


def test_a_value_that_an_expression_gives_is_judged_when_it_is_known(tmp_path: Path) -> None:
    write(tmp_path, "restore", RESTORE)
    write(tmp_path, "drill", drill("{name: restore, parameters: {host: a, days: '{{ params.h }}'}}"))
    assert Registry(tmp_path).mistakes() == ()


def test_a_mistake_in_finally_has_its_place_too(tmp_path: Path) -> None:
    write(tmp_path, "w", "name: w\nsteps: {a: {run: x}}\nfinally:\n  z: {workflow: nope}\n")
    mistake = the_only_mistake(Registry(tmp_path))
    assert (mistake.line, mistake.column) == (4, 17)


# --- circles and depth


@pytest.mark.parametrize(
    ("calls", "paths"),
    [
        ({"a": ("a",)}, {"a": "a starts a"}),
        ({"a": ("b",), "b": ("a",)}, {"a": "a starts b starts a", "b": "b starts a starts b"}),
        (
            {"a": ("b",), "b": ("c",), "c": ("a",)},
            {
                "a": "a starts b starts c starts a",
                "b": "b starts c starts a starts b",
                "c": "c starts a starts b",
            },
        ),
    ],
)
def test_all_of_a_circle_are_refused_and_told_the_circle(
    tmp_path: Path, calls: dict[str, tuple[str, ...]], paths: dict[str, str]
) -> None:
    write_all(tmp_path, calls)
    write_all(tmp_path, {"fine": ()})
    registry = Registry(tmp_path)
    assert {Path(each.file).stem: each.code for each in registry.mistakes()} == dict.fromkeys(
        calls, "SUB-CYCLE"
    )
    for mistake in registry.mistakes():
        assert paths[Path(mistake.file).stem] in mistake.sentence
    assert list(registry.workflows()) == ["fine"]


def test_two_circles_and_what_starts_them_are_refused(tmp_path: Path) -> None:
    write_all(tmp_path, {"a": ("b",), "b": ("a", "c"), "c": ("d",), "d": ("c",), "top": ("a",)})
    registry = Registry(tmp_path)
    told = {Path(each.file).stem: each for each in registry.mistakes()}
    assert {name: each.code for name, each in told.items() if name != "top"} == dict.fromkeys(
        "abcd", "SUB-CYCLE"
    )
    assert "has a mistake of its own" in told["top"].sentence
    assert registry.workflows() == {}


def test_five_workflows_may_run_one_within_another_but_not_six(tmp_path: Path) -> None:
    write_all(tmp_path, {"w5": ("w4",), "w4": ("w3", "w1"), "w3": ("w2",), "w2": ("w1",), "w1": ()})
    assert Registry(tmp_path).mistakes() == ()
    write_all(tmp_path, {"w6": ("w1", "w5")})
    registry = Registry(tmp_path)
    mistake = the_only_mistake(registry)
    assert (Path(mistake.file).stem, mistake.line, mistake.code) == ("w6", 5, "SUB-DEPTH")
    assert "w6 starts w5 starts w4 starts w3 starts w2 starts w1" in mistake.sentence
    assert sorted(registry.workflows()) == ["w1", "w2", "w3", "w4", "w5"]


# --- what stays in force


def test_the_last_good_version_stays_in_force_while_the_new_one_starts_nothing_known(
    tmp_path: Path, clock: Clock
) -> None:
    write_all(tmp_path, {"top": ("low",), "low": ()})
    registry = Registry(tmp_path, clock)
    good = registry.get("top")
    write_all(tmp_path, {"top": ("lov",)})
    clock.now = 1
    assert registry.get("top") == good
    assert the_only_mistake(registry).code == "SUB-NAME"
    write_all(tmp_path, {"lov": ()})
    clock.now = 2
    assert registry.mistakes() == ()
    assert registry.get("top") != good


def test_a_workflow_whose_child_goes_is_not_offered_until_it_is_back(tmp_path: Path, clock: Clock) -> None:
    write_all(tmp_path, {"top": ("low",), "low": ()})
    registry = Registry(tmp_path, clock)
    (tmp_path / "low.yml").unlink()
    clock.now = 1
    assert registry.workflows() == {}
    assert "There is no workflow 'low'" in the_only_mistake(registry).sentence
    write_all(tmp_path, {"low": ()})
    clock.now = 2
    assert sorted(registry.workflows()) == ["low", "top"]


def test_a_child_with_a_mistake_is_started_in_its_last_good_version(tmp_path: Path, clock: Clock) -> None:
    write_all(tmp_path, {"top": ("low",), "low": ()})
    registry = Registry(tmp_path, clock)
    write(tmp_path, "low", "name: low\nstepz: {}\n")
    clock.now = 1
    assert sorted(registry.workflows()) == ["low", "top"]
    assert {Path(each.file).stem for each in registry.mistakes()} == {"low"}


def test_a_circle_that_an_edit_closes_leaves_the_versions_before_it(tmp_path: Path, clock: Clock) -> None:
    write_all(tmp_path, {"top": ("low",), "low": ()})
    registry = Registry(tmp_path, clock)
    write_all(tmp_path, {"low": ("top",)})
    clock.now = 1
    low = registry.get("low")
    assert low is not None
    assert [step.id for step in low.steps] == ["a"]
    assert {each.code for each in registry.mistakes()} == {"SUB-CYCLE"}


def test_a_child_that_asks_for_more_takes_its_callers_out_of_force(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "restore", RESTORE)
    write(tmp_path, "drill", drill("{name: restore, parameters: {host: a}}"))
    registry = Registry(tmp_path, clock)
    write(tmp_path, "restore", RESTORE.replace("steps:", "  zone: {type: string, required: true}\nsteps:"))
    clock.now = 1
    assert list(registry.workflows()) == ["restore"]
    assert "needs the parameter 'zone'" in the_only_mistake(registry).sentence


def test_a_file_with_a_mistake_of_its_own_is_told_that_and_nothing_about_its_old_text(
    tmp_path: Path, clock: Clock
) -> None:
    write_all(tmp_path, {"top": ("low",), "low": ()})
    registry = Registry(tmp_path, clock)
    write(tmp_path, "top", "name: top\nstepz: {}\n")
    (tmp_path / "low.yml").unlink()
    clock.now = 1
    assert registry.workflows() == {}
    assert {each.code for each in registry.mistakes()} == {"WF-KEY", "WF-REQUIRED"}


# --- handrail validate


def test_validate_shows_mistakes_between_the_files_of_a_folder(tmp_path: Path) -> None:
    write_all(tmp_path, {"top": ("nope",), "low": ()})
    result = check_files([tmp_path])
    assert (result.files, [each.code for each in result.mistakes]) == (1, ["SUB-NAME"])


def test_validate_checks_a_single_file_among_its_neighbours(tmp_path: Path) -> None:
    write_all(tmp_path, {"top": ("low",), "low": (), "other": ("nope",)})
    assert check_files([tmp_path / "top.yml"]).mistakes == ()
    result = check_files([tmp_path / "other.yml"])
    assert (result.files, [each.code for each in result.mistakes]) == (0, ["SUB-NAME"])
