"""What buttons and views carry comes back as it was, and anything else is nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.values import (
    LIMIT,
    TRAIL_LENGTH,
    ApprovalRef,
    CommentDraft,
    DetailsPlace,
    FormDraft,
    HistoryPlace,
    PickerDraft,
    RunRef,
    Value,
    WorkflowRef,
    decode,
    encode,
)
from engine.core.state import RunStatus
from tests.support.pictures import an_id

VALUES: list[Value] = [
    RunRef(an_id(1)),
    ApprovalRef(an_id(2)),
    CommentDraft(an_id(3), approve=True),
    DetailsPlace(an_id(4)),
    DetailsPlace(an_id(4), an_id(5), 7),
    WorkflowRef("deploy"),
    PickerDraft("C0OPS"),
    PickerDraft(None),
    FormDraft("deploy", "a" * 64, "U0ADA", 0, None),
    FormDraft("deploy", "a" * 64, None, 1_795_000_000, an_id(6)),
    HistoryPlace(),
    HistoryPlace("deploy", RunStatus.FAILED, 42, tuple(range(TRAIL_LENGTH))),
]
KINDS = sorted({type(value) for value in VALUES}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_comes_back_as_it_was(value: Value) -> None:
    assert decode(type(value), encode(value)) == value


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_is_small_and_no_other_kind(value: Value) -> None:
    assert len(encode(value)) <= LIMIT
    assert [kind for kind in KINDS if decode(kind, encode(value)) is not None] == [type(value)]


def test_a_place_fits_an_option() -> None:
    assert len(encode(DetailsPlace(an_id(1), an_id(2), 9999))) <= 150


RUN = {"is": "RunRef", "run_id": an_id(1)}
STRANGE = [
    "",
    "null",
    "[]",
    "{}",
    "42",
    "not json",
    an_id(1),
    json.dumps(RUN | {"approve": True}),
    json.dumps(RUN | {"run_id": an_id(1).upper().replace("0", "A")}),
    json.dumps(RUN | {"run_id": an_id(1) + "\n"}),
    json.dumps(RUN | {"run_id": None}),
    json.dumps(RUN | {"run_id": 1}),
    json.dumps(RUN | {"run_id": ["a"]}),
    json.dumps(RUN | {"is": ["RunRef"]}),
    json.dumps({"run_id": an_id(1)}),
    "[" * 1999,
    json.dumps(RUN) + " " * LIMIT,
]


@pytest.mark.parametrize("text", STRANGE)
def test_what_is_strange_is_nothing(text: str) -> None:
    assert decode(RunRef, text) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"status": "done"},
        {"status": ["failed"]},
        {"older_than": -1},
        {"older_than": True},
        {"older_than": 1.5},
        {"trail": None},
        {"trail": [1, "2"]},
        {"trail": [1] * (TRAIL_LENGTH + 1)},
        {"workflow": "../etc"},
        {"workflow": ""},
    ],
)
def test_a_place_in_history_with_a_bad_entry_is_nothing(entry: dict[str, object]) -> None:
    good = {"is": "HistoryPlace", "workflow": "a", "status": "failed", "older_than": 3, "trail": [9]}
    assert decode(HistoryPlace, json.dumps(good)) is not None
    assert decode(HistoryPlace, json.dumps(good | entry)) is None


@pytest.mark.parametrize("content", [None, 42, {}, [], b"{}"])
def test_what_is_no_text_is_nothing(content: object) -> None:
    assert decode(RunRef, content) is None


@given(st.text(), st.sampled_from(KINDS))
def test_decoding_never_raises(text: str, kind: type[Value]) -> None:
    assert decode(kind, text) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(["run_id", "task_id", "page", "name", "workflow", "status", "trail", "approve"]),
        json_values,
    ),
)
def test_decoding_survives_any_json_under_the_right_names(kind: type[Value], data: dict[str, object]) -> None:
    value = decode(kind, json.dumps({"is": kind.__name__, **data}))
    assert value is None or decode(kind, encode(value)) == value
