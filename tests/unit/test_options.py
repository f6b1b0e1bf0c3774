"""Computed options: in workflow files, as what a source gives, and in the check of values."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from engine.core.asking import deciding_names
from engine.core.definition import HttpAction, JsonValue, OptionsSource, Parameter, ParameterType, RunAction
from engine.core.errors import InvalidParameters
from engine.core.options import (
    BadOptions,
    Option,
    inputs_of,
    missing_for,
    options_of_text,
    read_options,
    with_known_options,
    with_options,
)
from engine.core.parameters import check_parameters
from engine.files.schema import json_schema
from engine.patterns import matches
from tests.support.editors import as_editors_read
from tests.unit.test_files import read, the_only_mistake, with_parameters, with_steps

SCHEMA = Draft202012Validator(json_schema())


def parameters(options: str, kind: str = "choice") -> str:
    """Parameters `region`, `host` with these options, and `late`."""
    return with_parameters(
        "  region: {type: choice, options: [eu, us], required: true}\n"
        f"  host: {{type: {kind}, options: {options}}}\n"
        "  late: {type: string}"
    )


def source_of(options: str) -> OptionsSource:
    """What is read; the schema takes it, too."""
    text = parameters(options)
    assert [error.message for error in SCHEMA.iter_errors(as_editors_read(text))] == []
    source = read(text).parameters[1].source
    assert source is not None
    return source


# --- in the file


def test_a_command_gives_options() -> None:
    source = source_of("{run: ./hosts, env: {A: '{{ params.region }}'}, timeout: 5s, cache: 1m}")
    assert source == OptionsSource(
        RunAction("./hosts"), {"A": "{{ params.region }}"}, ("region",), None, 5.0, 60.0
    )


def test_a_request_gives_options() -> None:
    source = source_of("{http: {url: 'https://a/x?r={{ params.region }}'}, pick: '{{ result.json.hosts }}'}")
    assert source.action == HttpAction("GET", "https://a/x?r={{ params.region }}")
    assert (source.uses, source.pick) == (("region",), "{{ result.json.hosts }}")
    assert (source.timeout_seconds, source.cache_seconds) == (10.0, 30.0)


@pytest.mark.parametrize("cache", ["0", "0s"])
def test_an_answer_may_be_used_never_again(cache: str) -> None:
    assert source_of(f"{{run: ./hosts, cache: {cache}}}").cache_seconds == 0


@pytest.mark.parametrize(
    ("command", "uses"),
    [
        ("./hosts", ()),
        ("./hosts $PARAM_REGION", ("region",)),
        ('./hosts "${PARAM_REGION}x"', ("region",)),
        ("./hosts $PARAM_REGION_ID $MY_PARAM_REGION", ()),
    ],
)
def test_a_command_depends_on_the_variables_that_it_names(command: str, uses: tuple[str, ...]) -> None:
    assert source_of("{run: '" + command + "'}").uses == uses


def test_what_options_depend_on_tells_of_its_changes() -> None:
    found = read(parameters("{run: './hosts $PARAM_REGION'}")).parameters
    assert deciding_names(found) == {"region"}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("{}", "PARAM-OPTIONS", "neither run nor http"),
        ("{run: x, http: {url: 'http://a'}}", "PARAM-OPTIONS", "both run and http"),
        ("{run: x, pick: '{{ result }}'}", "PARAM-OPTIONS", "'pick' belongs to options computed by http"),
        (
            "{http: {url: 'http://a'}, shell: bash}",
            "PARAM-OPTIONS",
            "'shell' belongs to options computed by run",
        ),
        (
            "{http: {url: 'http://a'}, pick: '{{ params.region }}'}",
            "PARAM-OPTIONS",
            "finds the list in the answer",
        ),
        ("{http: {url: 'http://{{ params.region }}/'}}", "HTTP-HOST", "a fixed host"),
        ("{run: 'x {{ params.region }}'}", "STEP-INJECT", "could be taken for code"),
        ("{run: x, env: {A: '{{ steps.a.result }}'}}", "EXPRESSION", "'steps' may not be used here"),
        ("{run: x, env: {A: '{{ secrets.token }}'}}", "EXPRESSION", "'token' is not declared"),
        ("{run: x, env: {A: '{{ params }}'}}", "EXPRESSION", "Name the parameter with a dot"),
        ("{run: 'x $PARAM_LATE'}", "PARAM-OPTIONS", "depend on 'late', which is not above it"),
        ("{run: 'x $PARAM_HOST'}", "PARAM-OPTIONS", "cannot depend on its own value"),
        ("{run: x, timeout: 21s}", "WF-LIMIT", "longer than 20 seconds"),
        ("{run: x, cache: 2h}", "WF-LIMIT", "longer than an hour"),
    ],
)
def test_what_cannot_give_options_is_a_mistake(options: str, code: str, words: str) -> None:
    mistake = the_only_mistake(parameters(options))
    assert (mistake.code, words in mistake.sentence) == (code, True), mistake


def test_options_cannot_depend_on_a_file() -> None:
    text = with_parameters("  f: {type: file}\n  p: {type: choice, options: {run: 'x $PARAM_F'}}")
    assert "is a file" in the_only_mistake(text).sentence


def test_few_parameters_have_computed_options() -> None:
    text = with_parameters("\n".join(f"  p{n}: {{type: choice, options: {{run: x}}}}" for n in range(11)))
    assert "at most 10" in the_only_mistake(text).sentence


def test_fields_in_mid_run_list_their_options() -> None:
    text = with_steps("  a: {input: {fields: {p: {type: choice, options: {run: x}}}}}")
    assert "not in mid-run" in the_only_mistake(text).sentence
    assert not SCHEMA.is_valid(as_editors_read(text))


# --- what a source gives


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-1\n\n web-2 \n", [("web-1", "web-1"), ("web-2", "web-2")]),
        ('["a", "b", "a"]', [("a", "a"), ("b", "b")]),
        ('[\n  {"value": "a", "label": "The first"},\n  {"value": "b"}\n]', [("a", "The first"), ("b", "b")]),
        ('[{"value": "a", "label": "One"}, {"value": "a", "label": "Two"}]', [("a", "One")]),
        ('{"a": 1}', [('{"a": 1}', '{"a": 1}')]),
    ],
)
def test_output_is_a_json_list_or_one_option_a_line(text: str, expected: list[tuple[str, str]]) -> None:
    assert options_of_text(text) == tuple(Option(*each) for each in expected)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "no list"),
        ({"hosts": []}, "no list"),
        ([], "nothing to choose from"),
        (["a", 2], "option 2 is neither"),
        ([{"label": "x"}], "option 1 is neither"),
        ([{"value": "x", "label": None}], "option 1 is neither"),
        (["a", "x" * 151], "option 2, 'x"),
        (["a\nb"], "not one line"),
        (["\u202eevil"], "not one line"),
        ([f"web-{n}" for n in range(1001)], "1,001 options"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(value: JsonValue, words: str) -> None:
    with pytest.raises(BadOptions, match=words):
        read_options(value)


def test_a_thousand_options_are_taken() -> None:
    assert len(options_of_text(json.dumps([f"web-{n}" for n in range(1000)]))) == 1000


# --- values


HOSTS = (Option("web-1", "The first"), Option("web-2", "web-2"))


def test_a_value_is_checked_against_the_options_that_are_known() -> None:
    workflow = read(parameters("{run: './hosts $PARAM_REGION'}"))
    given: dict[str, JsonValue] = {"region": "eu", "host": "web1"}
    assert check_parameters(workflow, given, matches)["host"] == "web1"
    known = with_known_options(workflow, {"host": HOSTS})
    with pytest.raises(InvalidParameters) as problem:
        check_parameters(known, given, matches)
    assert problem.value.mistakes == {
        "host": "'web1' is not among the options. Choose from: web-1, web-2. Did you mean 'web-1'?"
    }
    assert check_parameters(known, {"region": "eu", "host": "web-2"}, matches)["host"] == "web-2"


def test_several_values_are_checked_too() -> None:
    workflow = read(parameters("{run: ./hosts}", "multi_choice"))
    known = with_known_options(workflow, {"host": HOSTS})
    with pytest.raises(InvalidParameters, match="'web-3' is not among the options"):
        check_parameters(known, {"region": "eu", "host": ["web-1", "web-3"]}, matches)


def test_a_source_is_given_what_it_depends_on_and_nothing_else() -> None:
    parameter = read(parameters("{run: './hosts $PARAM_REGION'}")).parameters[1]
    assert parameter.source is not None
    values: dict[str, JsonValue] = {"region": "eu", "host": "x", "late": "y"}
    assert inputs_of(parameter.source, values, ()) == {"region": "eu"}
    assert inputs_of(parameter.source, values, {"region"}) == {"region": None}


def test_a_source_waits_for_what_it_depends_on() -> None:
    found = read(parameters("{run: './hosts $PARAM_REGION'}")).parameters

    def missing(region: JsonValue, *hidden: str) -> list[str]:
        values: dict[str, JsonValue] = {"region": region}
        return [each.name for each in missing_for(found[1], found, values, hidden, matches)]

    assert missing(None) == ["region"]
    assert missing("asia") == ["region"]
    assert missing("eu") == []
    assert missing(None, "region") == []


def test_a_parameter_with_known_options_is_like_any_other() -> None:
    parameter = Parameter("p", ParameterType.CHOICE, "P", source=OptionsSource(RunAction("x")))
    known = with_options(parameter, HOSTS)
    assert (known.source, known.options, known.labels) == (
        None,
        ("web-1", "web-2"),
        ("The first", "web-2"),
    )
