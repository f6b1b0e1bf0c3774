"""Computed options in a form: while they are looked up, when they are there, and when they cannot be had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blocks.forms import asked_names, changed_form, noted_names, shape, start_form
from blocks.ids import asked_name
from blocks.options import Computed, suggestions
from blocks.types import Block, View
from blocks.values import LIMIT, FormDraft, decode
from engine.core.definition import JsonValue, OptionsSource, ParameterType, RunAction, Workflow
from engine.core.options import Option
from sandbox.validation.views import check_view as slack_problems
from tests.support.block_limits import check_view
from tests.support.hostile import HOSTILE
from tests.support.pictures import a_parameter, a_workflow

DRAFT = FormDraft("deploy", "d" * 64, "C0OPS", 1_795_435_200)
SOURCE = OptionsSource(RunAction("./hosts"), uses=("region",))
KEY, OTHER_KEY = "a" * 32, "b" * 32
HOSTS = (Option("web-1", "The first"), Option("web-2", "web-2"))
MANY = tuple(Option(f"web-{n}", f"Host {n}") for n in range(1000))


def the_workflow(kind: ParameterType = ParameterType.CHOICE, title: str = "Host") -> Workflow:
    region = a_parameter("region", ParameterType.STRING)
    return a_workflow(region, a_parameter("host", kind, title=title, source=SOURCE))


def drawn(found: Computed, value: JsonValue = None, workflow: Workflow | None = None, **more: Any) -> View:
    """The form, which Slack would take."""
    workflow = workflow or the_workflow()
    view = start_form(workflow, {"host": value}, {}, DRAFT, computed={"host": found}, **more)
    check_view(view)
    assert [str(problem) for problem in slack_problems(view, "modal")] == []
    return view


def block_of(view: View) -> Block:
    (block,) = [each for each in view["blocks"] if asked_name(str(each.get("block_id"))) == "host"]
    return dict(block)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Computed(KEY), "Loading the options of *Host* …"),
        (Computed(KEY, error="exit code 1 (<!channel> & co)"), "exit code 1 (&lt;!channel&gt; &amp; co)."),
        (Computed(waits_for=("Region", "Zone")), "*Host*: fill in *Region* and *Zone* first."),
    ],
)
def test_a_line_stands_where_the_field_will_be(found: Computed, words: str) -> None:
    view = drawn(found)
    assert words in json.dumps(block_of(view), ensure_ascii=False)
    assert noted_names(view) == {"host"}
    assert asked_names(view) == {"region", "host"}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_source_says_stays_text(text: str) -> None:
    drawn(Computed(KEY, error=text), workflow=the_workflow(title=text or "x"))
    drawn(Computed(waits_for=(text,)))


def test_options_are_shown_by_their_labels() -> None:
    view = drawn(Computed(KEY, HOSTS), "web-1")
    element = block_of(view)["element"]
    assert [(each["text"]["text"], each["value"]) for each in element["options"]] == [
        ("The first", "web-1"),
        ("web-2", "web-2"),
    ]
    assert element["initial_option"]["value"] == "web-1"
    assert noted_names(view) == frozenset()


@pytest.mark.parametrize(
    ("kind", "value", "element", "initial"),
    [
        (ParameterType.CHOICE, "web-999", "external_select", "initial_option"),
        (ParameterType.MULTI_CHOICE, ["web-1", "web-999"], "multi_external_select", "initial_options"),
    ],
)
def test_many_options_are_asked_for_by_typing(
    kind: ParameterType, value: JsonValue, element: str, initial: str
) -> None:
    view = drawn(Computed(KEY, MANY), value, the_workflow(kind))
    field = block_of(view)["element"]
    assert field["type"] == element
    assert initial in field
    assert len(json.dumps(view)) < 10_000


def test_the_options_that_fit_what_was_typed_are_suggested() -> None:
    assert [each["value"] for each in suggestions(MANY, "HOST 99")][:2] == ["web-99", "web-199"]
    assert [each["value"] for each in suggestions(MANY, "web-42 host")][:1] == ["web-42"]
    assert len(suggestions(MANY, "")) == 100
    assert suggestions(MANY, "nothing like it") == []


def test_the_same_options_keep_the_field_and_others_replace_it() -> None:
    first = block_of(drawn(Computed(KEY, HOSTS)))["block_id"]
    assert block_of(drawn(Computed(KEY, HOSTS), "web-2"))["block_id"] == first
    assert block_of(drawn(Computed(OTHER_KEY, HOSTS)))["block_id"] != first


def test_the_form_remembers_its_look_ups_and_the_value_that_waits() -> None:
    draft = decode(FormDraft, drawn(Computed(KEY), "web-2")["private_metadata"])
    assert draft is not None
    assert (draft.options, draft.kept) == ({"host": KEY}, {"host": "web-2"})
    draft = decode(FormDraft, drawn(Computed(KEY, HOSTS), "web-2")["private_metadata"])
    assert draft is not None
    assert (draft.options, draft.kept) == ({"host": KEY}, {})


def test_what_is_remembered_fits_however_much_it_is() -> None:
    names = [f"{n}".rjust(64, "p") for n in range(10)]
    kind = ParameterType.CHOICE
    workflow = a_workflow(*(a_parameter(name, kind, source=SOURCE) for name in names))
    values: dict[str, JsonValue] = dict.fromkeys(names, "v" * 150)
    view = start_form(workflow, values, {}, DRAFT, computed={name: Computed(KEY) for name in names})
    assert len(view["private_metadata"]) <= LIMIT
    draft = decode(FormDraft, view["private_metadata"])
    assert draft is not None
    assert draft.options == dict.fromkeys(names, KEY)


def test_a_changed_form_puts_the_field_where_the_line_was_and_keeps_the_others() -> None:
    workflow = the_workflow()
    before = drawn(Computed(KEY))
    after = changed_form(
        workflow,
        before,
        {"host": None},
        DRAFT,
        hidden=(),
        computed={"host": Computed(KEY, HOSTS)},
        mistakes={"host": "'x' is not among the options."},
    )
    assert block_of(after)["type"] == "input"
    assert "'x' is not among the options." in json.dumps(after)
    kept = [each for each in before["blocks"] if asked_name(str(each.get("block_id"))) == "region"]
    assert [each for each in after["blocks"] if asked_name(str(each.get("block_id"))) == "region"] == kept
    assert shape(workflow, before) != shape(workflow, after)
    again = changed_form(
        workflow, after, {"host": "web-2"}, DRAFT, hidden=(), computed={"host": Computed(KEY, HOSTS)}
    )
    assert block_of(again)["block_id"] == block_of(after)["block_id"]
