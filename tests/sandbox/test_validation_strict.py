"""The rules of single blocks and elements that are easily forgotten; what Slack's pages leave open is refused."""

from typing import Any

import pytest

from sandbox.validation.blocks import Surface, check_blocks
from sandbox.validation.schema import Code, Problem
from sandbox.validation.tables import MOST_TABLE_CHARACTERS
from sandbox.validation.views import check_view
from tests.sandbox import valid_samples as good
from tests.sandbox.valid_samples import (
    CARD,
    DATA_TABLE,
    MESSAGE,
    MODAL,
    TABLE,
    TASK,
    chart,
    mrkdwn,
    option,
    plain,
    rich,
)
from tests.sandbox.views import actions, button, modal, section

Json = dict[str, Any]
RAW = {"type": "raw_text", "text": "x"}
BAR = chart("bar")
LONG_CELL = {"type": "raw_text", "text": "x" * (MOST_TABLE_CHARACTERS // 2 + 1)}


def series(**changed: Any) -> Json:
    """A bar chart whose only series is changed."""
    one = BAR["chart"]["series"][0] | changed
    return BAR | {"chart": BAR["chart"] | {"series": [one]}}


def accessory(**element: Any) -> Json:
    return section("pick") | {"accessory": element}


def element(name: str, **changed: Any) -> Json:
    """An input of a modal whose element is changed."""
    block = MODAL[f"input {name}"]
    return block | {"element": block["element"] | changed}


REFUSED: list[tuple[Surface, Json, str, str]] = [
    # surfaces on which the sources do not agree, and those of single elements
    ("modal", CARD, "unsupported type: card", "/type"),
    ("home", MESSAGE["container"], "unsupported type: container", "/type"),
    ("home", BAR, "unsupported type: data_visualization", "/type"),
    ("modal", DATA_TABLE, "unsupported type: data_table", "/type"),
    ("message", {"type": "file", "external_id": "f", "source": "remote"}, "unsupported type: file", "/type"),
    ("message", {"type": "auth_provider"}, "unsupported type: auth_provider", "/type"),
    ("modal", MESSAGE["section workflow_button"], "unsupported type: workflow_button", "/accessory/type"),
    ("home", MESSAGE["actions datetimepicker"], "unsupported type: datetimepicker", "/elements/0/type"),
    ("message", MODAL["actions rich_text_input"], "unsupported type: rich_text_input", "/elements/0/type"),
    ("message", MODAL["input rich_text_input"], "unsupported type: rich_text_input", "/element/type"),
    ("home", MODAL["input file_input"], "unsupported type: file_input", "/element/type"),
    ("message", actions("a", {"type": "icon_button"}), "unsupported type: icon_button", "/elements/0/type"),
    # addresses for answers come only from menus in the inputs of modals, and single ones
    (
        "message",
        accessory(type="conversations_select", response_url_enabled=True),
        "invalid additional property: response_url_enabled",
        "/accessory",
    ),
    (
        "home",
        MODAL["input channels_select"],
        "invalid additional property: response_url_enabled",
        "/element",
    ),
    (
        "modal",
        element("multi_conversations_select", response_url_enabled=True),
        "invalid additional property: response_url_enabled",
        "/element",
    ),
    # addresses
    (
        "message",
        actions("a", button("b", url="javascript:alert(1)")),
        "must be a valid URL",
        "/elements/0/url",
    ),
    ("message", actions("a", button("b", url="example.com")), "must be a valid URL", "/elements/0/url"),
    (
        "message",
        good.IMAGE | {"image_url": "data:image/png;base64,AA"},
        r"input must match regex pattern: https?://\S+",
        "/image_url",
    ),
    (
        "message",
        MESSAGE["video"] | {"video_url": "http://example.com/v"},
        r"input must match regex pattern: https://\S+",
        "/video_url",
    ),
    (
        "message",
        MESSAGE["video"] | {"title": plain("t" * 200)},
        "must be less than 200 characters",
        "/title/text",
    ),
    (
        "message",
        MESSAGE["video"] | {"author_name": "a" * 50},
        "must be less than 50 characters",
        "/author_name",
    ),
    # options and confirm dialogs
    (
        "message",
        accessory(type="static_select", options=[option("a") | {"text": mrkdwn()}]),
        "must be a valid enum value",
        "/accessory/options/0/text/type",
    ),
    (
        "message",
        accessory(type="static_select", options=[option("a", url="https://example.com")]),
        "invalid additional property: url",
        "/accessory/options/0",
    ),
    (
        "message",
        accessory(type="multi_static_select", options=[option("a")], initial_options=[option("b")]),
        "must match one of the provided options",
        "/accessory/initial_options/0",
    ),
    (
        "message",
        accessory(type="checkboxes", options=[option("a")], initial_options=[option("b")]),
        "must match one of the provided options",
        "/accessory/initial_options/0",
    ),
    (
        "message",
        accessory(type="static_select", option_groups=[{"label": plain("l" * 76), "options": [option("a")]}]),
        "must be less than 76 characters",
        "/accessory/option_groups/0/label/text",
    ),
    (
        "message",
        actions("a", button("b", confirm={"title": plain(), "text": plain()})),
        "missing required field: deny",
        "/elements/0/confirm",
    ),
    (
        "message",
        actions("a", button("b", confirm=good.CONFIRM | {"text": plain("x" * 301)})),
        "must be less than 301 characters",
        "/elements/0/confirm/text/text",
    ),
    ("message", actions("a", button("b", value="")), "must be more than 0 characters", "/elements/0/value"),
    (
        "message",
        actions("a", button("b", visible_to_user_ids=["U0"] * 11)),
        "no more than 10 items allowed",
        "/elements/0/visible_to_user_ids",
    ),
    (
        "message",
        actions("a", button("b", agent_prompt="x" * 4001)),
        "must be less than 4001 characters",
        "/elements/0/agent_prompt",
    ),
    # inputs
    (
        "modal",
        element("datepicker", initial_date="2026-02-30"),
        "must be a valid date",
        "/element/initial_date",
    ),
    ("modal", element("file_input", max_files=11), "must be less than 11", "/element/max_files"),
    (
        "modal",
        element("multi_users_select", max_selected_items=0),
        "must be greater than 0",
        "/element/max_selected_items",
    ),
    (
        "modal",
        element("rich_text_input", min_lines=5, max_lines=4),
        "must be less than or equal to `max_lines`",
        "/element/min_lines",
    ),
    ("modal", element("rich_text_input", max_lines=101), "must be less than 101", "/element/max_lines"),
    (
        "modal",
        element("number_input", max_value="ten"),
        r"input must match regex pattern: -?[0-9]+(\.[0-9]+)?",
        "/element/max_value",
    ),
    (
        "modal",
        element("plain_text_input", dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"] * 2}),
        "duplicate items",
        "/element/dispatch_action_config/trigger_actions_on",
    ),
    (
        "modal",
        element("conversations_select", filter={}),
        "must define either `include` or `exclude_external_shared_channels` or `exclude_bot_users`",
        "/element/filter",
    ),
    ("modal", {"type": "alert", "text": plain("x" * 201)}, "must be less than 201 characters", "/text/text"),
    ("modal", {"type": "alert", "text": plain(), "level": "loud"}, "must be a valid enum value", "/level"),
    # tasks
    ("message", {k: v for k, v in TASK.items() if k != "status"}, "missing required field: status", ""),
    (
        "message",
        TASK | {"output": rich() | {"elements": rich()["elements"] * 2}},
        "no more than 1 items allowed",
        "/output/elements",
    ),
    (
        "message",
        TASK | {"sources": [{"type": "url", "url": "x", "text": "y"}]},
        "must be a valid URL",
        "/sources/0/url",
    ),
    (
        "message",
        {"type": "plan", "title": mrkdwn(), "tasks": []},
        "must be a valid enum value",
        "/title/type",
    ),
    # cards, containers, context actions
    (
        "message",
        CARD | {"actions": [button(str(i)) for i in range(3)]},
        "no more than 2 items allowed",
        "/actions",
    ),
    ("message", CARD | {"actions": [{"type": "overflow"}]}, "unsupported type: overflow", "/actions/0/type"),
    (
        "message",
        CARD | {"slack_icon": {"type": "icon", "name": "rocket"}},
        "must define only one of `icon`, `slack_icon`",
        "",
    ),
    ("message", CARD | {"subtext": plain("x" * 201)}, "must be less than 201 characters", "/subtext/text"),
    (
        "message",
        {"type": "container", "child_blocks": [section("x")]},
        "must define either `title` or `rich_text_title`",
        "",
    ),
    (
        "message",
        MESSAGE["container"] | {"child_blocks": [section("x")] * 11},
        "no more than 10 items allowed",
        "/child_blocks",
    ),
    (
        "message",
        MESSAGE["container"] | {"child_blocks": [MESSAGE["container"]]},
        "unsupported type: container",
        "/child_blocks/0/type",
    ),
    (
        "message",
        MESSAGE["container"] | {"has_header_divider": True},
        "`has_header_divider` excludes `is_collapsible`",
        "/has_header_divider",
    ),
    (
        "message",
        {"type": "context_actions", "elements": MESSAGE["context_actions"]["elements"] * 3},
        "no more than 5 items allowed",
        "/elements",
    ),
    # tables
    ("message", TABLE | {"rows": [[RAW]] * 101}, "no more than 100 items allowed", "/rows"),
    ("message", TABLE | {"rows": [[LONG_CELL, LONG_CELL]]}, "must be less than 10001 characters", "/rows"),
    (
        "message",
        TABLE | {"column_settings": [None] * 21},
        "no more than 20 items allowed",
        "/column_settings",
    ),
    (
        "message",
        TABLE | {"rows": [[{"type": "raw_number", "value": 1}]]},
        "missing required field: text",
        "/rows/0/0",
    ),
    ("message", DATA_TABLE | {"rows": [[RAW]] * 102}, "no more than 101 items allowed", "/rows"),
    ("message", DATA_TABLE | {"rows": [[RAW, RAW]]}, "must provide at least 2 items", "/rows"),
    ("message", DATA_TABLE | {"rows": [[RAW, RAW], [RAW]]}, "must provide 2 items", "/rows/1"),
    (
        "message",
        DATA_TABLE | {"rows": [[rich(), RAW], [RAW, RAW]]},
        "unsupported type: rich_text",
        "/rows/0/0/type",
    ),
    ("message", DATA_TABLE | {"page_size": 101}, "must be less than 101", "/page_size"),
    (
        "message",
        DATA_TABLE | {"row_header_column_index": 2},
        "must be less than 2",
        "/row_header_column_index",
    ),
    # charts
    ("message", BAR | {"title": "t" * 51}, "must be less than 51 characters", "/title"),
    ("message", BAR | {"chart": {"type": "donut"}}, "unsupported type: donut", "/chart/type"),
    (
        "message",
        chart("pie") | {"chart": {"type": "pie", "segments": [{"label": "a", "value": 0}]}},
        "must be greater than 0",
        "/chart/segments/0/value",
    ),
    (
        "message",
        chart("pie") | {"chart": {"type": "pie", "segments": [{"label": "a", "value": 1}] * 7}},
        "no more than 6 items allowed",
        "/chart/segments",
    ),
    ("message", series(name="n" * 21), "must be less than 21 characters", "/chart/series/0/name"),
    (
        "message",
        series(data=[{"label": "Mon", "value": 1}]),
        "must provide at least 2 items",
        "/chart/series/0/data",
    ),
    (
        "message",
        series(data=[{"label": "Sun", "value": 1}]),
        "must be a valid enum value",
        "/chart/series/0/data/0/label",
    ),
    (
        "message",
        series(data=[{"label": "Mon", "value": float("inf")}]),
        "must be a finite number",
        "/chart/series/0/data/0/value",
    ),
    (
        "message",
        BAR | {"chart": BAR["chart"] | {"series": BAR["chart"]["series"] * 2}},
        "duplicate items",
        "/chart/series/2/name",
    ),
    # rich text
    (
        "message",
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": []}],
        },
        "must be less than 9",
        "/elements/0/indent",
    ),
    (
        "message",
        rich({"type": "broadcast", "range": "all"}),
        "must be a valid enum value",
        "/elements/0/elements/0/range",
    ),
    (
        "message",
        rich({"type": "text", "text": "x", "style": {"highlight": True}}),
        "invalid additional property: highlight",
        "/elements/0/elements/0/style",
    ),
    (
        "message",
        rich({"type": "link", "url": "javascript:alert(1)"}),
        "must be a valid URL",
        "/elements/0/elements/0/url",
    ),
    # text objects
    (
        "message",
        section("x") | {"text": plain() | {"verbatim": True}},
        "invalid additional property: verbatim",
        "/text",
    ),
]


@pytest.mark.parametrize(("surface", "block", "sentence", "pointer"), REFUSED)
def test_a_wrong_block_is_refused_at_its_place(
    surface: Surface, block: Json, sentence: str, pointer: str
) -> None:
    assert Problem(sentence, "/blocks/0" + pointer) in check_blocks([block], surface)


TOGETHER: list[tuple[list[Json], str, str]] = [
    ([TABLE, DATA_TABLE], "only_one_table_allowed", "/blocks/1"),
    (
        [TABLE, {"type": "container", "title": plain(), "child_blocks": [TABLE | {"block_id": "t2"}]}],
        "only_one_table_allowed",
        "/blocks/1/child_blocks/0",
    ),
    ([chart("pie"), chart("bar"), chart("line")], "no more than 2 items allowed", "/blocks/2"),
    (
        [
            section("a") | {"block_id": "x"},
            MESSAGE["container"] | {"child_blocks": [section("b") | {"block_id": "x"}]},
        ],
        '`block_id` "x" already exists',
        "/blocks/1/child_blocks/0/block_id",
    ),
    (
        [{"type": "carousel", "elements": [CARD, CARD | {"actions": [button("a"), button("a")]}]}],
        '`action_id` "a" already exists',
        "/blocks/0/elements/1/actions/1/action_id",
    ),
    (
        [{"type": "plan", "title": "a", "tasks": []}, {"type": "plan", "title": "b", "tasks": []}],
        "only one plan block is allowed in a message",
        "/blocks/1",
    ),
    (
        [TASK, {"type": "plan", "title": "a"}],
        "a task_card cannot stand beside a plan block",
        "/blocks/0/type",
    ),
    (
        [accessory(type="datepicker", focus_on_load=True), accessory(type="timepicker", focus_on_load=True)],
        "only one element may have `focus_on_load`",
        "/blocks/1",
    ),
    (
        [{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 7000}],
        "must be less than 12001 characters",
        "/blocks",
    ),
    ([{"type": "markdown", "text": "# h\n" * 26}] * 2, "no more than 50 items allowed", "/blocks"),
]


@pytest.mark.parametrize(("blocks", "sentence", "pointer"), TOGETHER)
def test_blocks_that_do_not_go_together_are_refused_at_the_later_one(
    blocks: list[Json], sentence: str, pointer: str
) -> None:
    assert Problem(sentence, pointer) in check_blocks(blocks, "message")
    assert all(check_blocks([block], "message") == [] for block in blocks if block["type"] != "carousel")


def test_the_same_action_id_may_be_used_in_two_blocks() -> None:
    assert check_blocks([actions("a", button("x")), actions("b", button("x"))], "message") == []


def test_a_task_of_a_plan_needs_no_type_of_its_own_as_in_published_samples() -> None:
    plan = {
        "type": "plan",
        "title": "Thinking",
        "tasks": [{"task_id": "1", "title": "Look", "status": "pending"}],
    }
    assert check_blocks([plan], "message") == []


def test_a_message_of_no_blocks_is_right_and_a_view_of_none_is_not() -> None:
    assert check_blocks([], "message") == []
    assert check_view(modal() | {"blocks": []}, "modal")
    assert check_blocks([], "home")


DETAILS: list[tuple[Json, Json]] = [
    (
        {"type": "header"},
        {
            "code": "missing_field",
            "message": "missing required field: text",
            "pointer": "/0",
            "field": "text",
        },
    ),
    (
        {"type": "header", "text": 7},
        {"code": "invalid_type", "message": "must provide an object", "pointer": "/0/text"},
    ),
    (
        {"type": "divider", "colour": "red"},
        {
            "code": "failed_constraint",
            "message": "invalid additional property: colour",
            "pointer": "/0",
            "field": "colour",
        },
    ),
    (
        {"type": "header", "text": plain("x" * 151)},
        {
            "code": "failed_constraint",
            "message": "must be less than 151 characters",
            "pointer": "/0/text/text",
            "constraint": {"type": "max_length", "expected": 150},
        },
    ),
]


@pytest.mark.parametrize(("block", "detail"), DETAILS)
def test_a_problem_tells_what_blocks_validate_tells(block: Json, detail: Json) -> None:
    assert [problem.detail() for problem in check_blocks([block], "message", "")] == [detail]


def test_an_unsupported_type_comes_with_the_supported_ones() -> None:
    block = section("x") | {"text": {"type": "invalid", "text": "x"}}
    detail = next(p for p in check_blocks([block], "message", "") if p.pointer == "/0/text/type").detail()
    assert detail == {
        "code": Code.FAILED_CONSTRAINT,
        "message": "unsupported type: invalid",
        "pointer": "/0/text/type",
        "constraint": {"type": "enum", "expected": ["plain_text", "mrkdwn"]},
    }
