"""Each sample is accepted as it is; damage to any of its fields is told as a problem or harmless."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.normalise import complete_blocks, complete_view
from sandbox.validation.blocks import Surface, block_types, check_blocks
from sandbox.validation.schema import Problem
from sandbox.validation.views import check_view
from tests.sandbox.valid_samples import HOME_VIEW, MODAL_VIEW, NOT_TOGETHER, SAMPLES

Path = tuple[str | int, ...]
SURFACES: tuple[Surface, ...] = ("message", "modal", "home")
EACH = [(surface, name) for surface in SURFACES for name in SAMPLES[surface]]


@pytest.mark.parametrize(("surface", "name"), EACH)
def test_a_sample_with_all_its_fields_is_accepted(surface: Surface, name: str) -> None:
    assert check_blocks([SAMPLES[surface][name]], surface) == []


@pytest.mark.parametrize("surface", SURFACES)
def test_there_is_a_sample_of_every_block(surface: Surface) -> None:
    assert {block["type"] for block in SAMPLES[surface].values()} == block_types(surface)


def test_views_of_all_samples_are_accepted() -> None:
    assert check_view(MODAL_VIEW, "modal") == []
    assert check_view(HOME_VIEW, "home") == []


def test_samples_that_go_together_make_one_message() -> None:
    blocks = [block for name, block in SAMPLES["message"].items() if name not in NOT_TOGETHER][:50]
    assert check_blocks(blocks, "message") == []


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Every place inside some JSON."""
    entries: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield (*here, key)
        yield from paths(entry, (*here, key))


def changed(value: Any, path: Path, change: Any) -> Any:
    """A copy with something else at one place; `...` takes the place away."""
    key, rest = path[0], path[1:]
    copy = value.copy()
    if rest:
        copy[key] = changed(value[key], rest, change)
    elif change is ...:
        del copy[key]
    else:
        copy[key] = change
    return copy


WRONG: tuple[Any, ...] = (
    ...,
    None,
    True,
    7,
    -1,
    1e999,
    "",
    "x" * 20_000,
    [],
    {},
    [[]],
    {"type": "x"},
    ["a"] * 200,
)


@pytest.mark.parametrize(("surface", "name"), EACH)
def test_damage_at_any_place_is_told_as_problems_and_nothing_else(surface: Surface, name: str) -> None:
    block = SAMPLES[surface][name]
    for path in paths(block):
        for change in WRONG:
            damaged = changed(block, path, change)
            problems = check_blocks([damaged], surface)
            assert all(problem.pointer.startswith("/blocks") and problem.text for problem in problems)
            if not problems:
                complete_blocks([damaged])


@pytest.mark.parametrize(("surface", "name"), EACH)
def test_null_and_a_nested_list_are_right_nowhere(surface: Surface, name: str) -> None:
    block = SAMPLES[surface][name]
    for path in paths(block):
        changes: tuple[Any, ...] = (None, [[]])
        for change in changes:  # null is right for the settings of a column only
            if path[-2:-1] == ("column_settings",) and change is None:
                continue
            assert check_blocks([changed(block, path, change)], surface), (path, change)


@pytest.mark.parametrize(("surface", "name"), EACH)
def test_a_field_nobody_knows_is_refused_in_every_object(surface: Surface, name: str) -> None:
    block = SAMPLES[surface][name]
    objects = [(), *(path for path in paths(block) if isinstance(at(block, path), dict))]
    for path in objects:
        wrong = changed(block, (*path, "colour"), "red")
        pointer = "/blocks/0" + "".join(f"/{key}" for key in path)
        assert Problem("invalid additional property: colour", pointer) in check_blocks([wrong], surface)


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(("view", "surface"), [(MODAL_VIEW, "modal"), (HOME_VIEW, "home")])
def test_damage_to_a_view_is_told_as_problems(view: dict[str, Any], surface: Surface) -> None:
    for key in view:
        for change in WRONG:
            damaged = changed(view, (key,), change)
            problems = check_view(damaged, surface)
            assert all(problem.pointer.startswith("/view") for problem in problems)
            if not problems:
                complete_view({name: entry for name, entry in damaged.items() if entry is not None})


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TYPES = st.sampled_from(sorted({one["type"] for samples in SAMPLES.values() for one in samples.values()}))
TEXTS = ["text", "title", "label", "value", "style", "type", "block_id", "action_id"]
PARTS = [
    "elements",
    "element",
    "accessory",
    "fields",
    "options",
    "rows",
    "tasks",
    "child_blocks",
    "chart",
    "actions",
]
KEYS = st.sampled_from([*TEXTS, *PARTS])
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
BLOCKS = st.lists(
    st.dictionaries(KEYS, JSON, max_size=5).flatmap(lambda d: TYPES.map(lambda t: d | {"type": t}))
)


@settings(max_examples=100, deadline=None)
@given(blocks=JSON | BLOCKS, surface=st.sampled_from(SURFACES))
def test_any_json_as_blocks_gives_problems_with_pointers(blocks: Any, surface: Surface) -> None:
    for problem in check_blocks(blocks, surface):
        assert problem.pointer.startswith("/blocks")
        assert set(problem.detail()) >= {"code", "message", "pointer"}


@settings(max_examples=100, deadline=None)
@given(view=JSON | st.fixed_dictionaries({"type": st.just("modal"), "blocks": BLOCKS | JSON, "title": JSON}))
def test_any_json_as_a_view_gives_problems_with_pointers(view: Any) -> None:
    for surface in SURFACES[1:]:
        assert all(problem.pointer.startswith("/view") for problem in check_view(view, surface))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_two_damages_at_once_break_nothing(data: st.DataObject) -> None:
    surface = data.draw(st.sampled_from(SURFACES))
    block = SAMPLES[surface][data.draw(st.sampled_from(sorted(SAMPLES[surface])))]
    for _ in range(2):
        path = data.draw(st.sampled_from(sorted(paths(block), key=str)))
        block = changed(block, path, data.draw(JSON))
    check_blocks([block], surface)
