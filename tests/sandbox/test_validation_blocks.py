"""The validator takes what Slack takes, and names what Slack refuses with Slack's words and pointers."""

from typing import Any

import pytest

from sandbox.validation.blocks import Surface, check_blocks
from sandbox.validation.markdown import expanded_count
from sandbox.validation.schema import Problem
from tests.sandbox.views import actions, button, option, plain, section, text_input

PICTURE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A graph"}
RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "see ", "style": {"bold": True}},
                {"type": "user", "user_id": "U0BOB"},
                {"type": "link", "url": "https://example.com"},
                {"type": "date", "timestamp": 1_700_000_000, "format": "{date_num}", "fallback": "a day"},
                {"type": "broadcast", "range": "here"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 1,
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}], "border": 0},
        {"type": "rich_text_quote", "elements": [{"type": "emoji", "name": "ok"}]},
    ],
}
BRIEF = {"type": "rich_text", "elements": RICH["elements"][:1]}
TASK = {"type": "task_card", "task_id": "t1", "title": "Build", "status": "complete", "output": BRIEF}
CARD = {
    "type": "card",
    "title": {"type": "mrkdwn", "text": "*Deploy*"},
    "body": plain("Ships it"),
    "actions": [button("run"), button("runs")],
}
TABLE = {
    "type": "table",
    "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 3, "text": "3"}], [RICH]],
    "column_settings": [{"align": "right"}, None],
}


def many_sections(count: int) -> list[dict[str, Any]]:
    return [section(str(index)) for index in range(count)]


def in_section(accessory: dict[str, Any]) -> dict[str, Any]:
    return section("pick") | {"accessory": accessory}


def in_input(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("Label"), "element": element, **more}


ACCEPTED: list[tuple[Surface, dict[str, Any]]] = [
    ("message", section("x" * 3000)),
    ("message", {"type": "section", "fields": [plain("a")] * 10}),
    ("message", in_section(PICTURE)),
    ("message", actions("a", button("one", value="1", style="danger", url="https://example.com"))),
    ("message", actions("a", *(button(f"b{i}") for i in range(25)))),
    ("message", {"type": "context", "elements": [PICTURE, plain("a"), {"type": "mrkdwn", "text": "b"}]}),
    ("message", {"type": "divider"}),
    ("message", {"type": "header", "text": plain("H" * 150), "level": 2}),
    ("message", PICTURE | {"title": plain("Title")}),
    ("message", {"type": "image", "slack_file": {"id": "F0"}, "alt_text": "A file"}),
    ("message", RICH),
    (
        "message",
        {"type": "plan", "title": "Deploy", "tasks": [TASK, TASK | {"task_id": "t2", "status": "pending"}]},
    ),
    ("message", {"type": "plan", "title": plain("Deploy"), "tasks": []}),
    ("message", TASK),
    ("message", CARD),
    ("message", {"type": "carousel", "elements": [CARD] * 10}),
    ("message", TABLE),
    ("message", {"type": "markdown", "text": "# Title\n\nText"}),
    ("message", {"type": "container", "title": plain("Box"), "child_blocks": [section("in")]}),
    (
        "message",
        {
            "type": "context_actions",
            "elements": [{"type": "icon_button", "icon": "trash", "text": plain("x")}],
        },
    ),
    ("message", text_input("comment")),
    ("modal", {"type": "alert", "text": plain("Careful"), "level": "warning"}),
    (
        "modal",
        in_input({"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "9"}),
    ),
    ("modal", in_input({"type": "email_text_input"})),
    ("modal", in_input({"type": "url_text_input"}, hint=plain("https"), optional=True)),
    ("modal", in_input({"type": "datetimepicker", "initial_date_time": 1_700_000_000})),
    ("modal", in_input({"type": "datepicker", "initial_date": "2026-01-02"}, dispatch_action=True)),
    ("modal", in_input({"type": "timepicker", "initial_time": "23:59", "timezone": "Europe/Rome"})),
    ("modal", in_input({"type": "checkboxes", "options": [option("a")], "initial_options": [option("a")]})),
    ("modal", in_input({"type": "multi_users_select", "initial_users": ["U0ADA"], "max_selected_items": 2})),
    (
        "modal",
        in_input(
            {"type": "conversations_select", "filter": {"include": ["public"]}, "response_url_enabled": True}
        ),
    ),
    ("modal", in_input({"type": "external_select", "min_query_length": 0})),
    ("modal", in_input({"type": "file_input", "max_files": 1})),
    ("modal", in_input({"type": "rich_text_input", "action_id": "r", "initial_value": RICH})),
    ("home", in_section({"type": "overflow", "options": [option("a") | {"url": "https://example.com"}]})),
    (
        "home",
        in_section(
            {"type": "static_select", "option_groups": [{"label": plain("g"), "options": [option("a")]}]}
        ),
    ),
]


@pytest.mark.parametrize(("surface", "block"), ACCEPTED)
def test_a_right_block_is_accepted(surface: Surface, block: dict[str, Any]) -> None:
    assert check_blocks([block], surface) == []


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "options": [option("a"), option("b")], **more}


REFUSED: list[tuple[Surface, Any, str, str]] = [
    # texts and their bounds
    ("message", section("x" * 3001), "must be less than 3001 characters", "/blocks/0/text/text"),
    ("message", section(""), "must be more than 0 characters", "/blocks/0/text/text"),
    (
        "message",
        section("") | {"text": {"type": "mrkdwn", "text": 7}},
        "must provide a string",
        "/blocks/0/text/text",
    ),
    ("message", {"type": "section", "text": "bare"}, "must provide an object", "/blocks/0/text"),
    ("message", {"type": "section"}, "must define either `text` or `fields`", "/blocks/0"),
    (
        "message",
        {"type": "section", "fields": [plain("x" * 2001)]},
        "must be less than 2001 characters",
        "/blocks/0/fields/0/text",
    ),
    (
        "message",
        {"type": "section", "fields": [plain("x")] * 11},
        "no more than 10 items allowed",
        "/blocks/0/fields",
    ),
    (
        "message",
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "must be a valid enum value",
        "/blocks/0/text/type",
    ),
    (
        "message",
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters",
        "/blocks/0/text/text",
    ),
    ("message", {"type": "header"}, "missing required field: text", "/blocks/0"),
    # shapes
    ("message", "text", "must provide an object", "/blocks/0"),
    ("message", {"text": "x"}, "missing required field: type", "/blocks/0"),
    ("message", {"type": "sektion"}, "unsupported type: sektion", "/blocks/0/type"),
    ("message", {"type": ["section"]}, "unsupported type: ['section']", "/blocks/0/type"),
    ("message", {"type": "divider", "colour": "red"}, "invalid additional property: colour", "/blocks/0"),
    (
        "message",
        section("x") | {"block_id": "i" * 256},
        "must be less than 256 characters",
        "/blocks/0/block_id",
    ),
    ("message", section("x") | {"expand": "yes"}, "must be a boolean", "/blocks/0/expand"),
    # elements
    ("message", actions("a"), "must provide at least 1 items", "/blocks/0/elements"),
    (
        "message",
        actions("a", *(button(f"b{i}") for i in range(26))),
        "no more than 25 items allowed",
        "/blocks/0/elements",
    ),
    (
        "message",
        actions("a", {"type": "plain_text_input"}),
        "unsupported type: plain_text_input",
        "/blocks/0/elements/0/type",
    ),
    (
        "message",
        in_section({"type": "datetimepicker"}),
        "unsupported type: datetimepicker",
        "/blocks/0/accessory/type",
    ),
    (
        "message",
        actions("a", button("x" * 256)),
        "must be less than 256 characters",
        "/blocks/0/elements/0/action_id",
    ),
    (
        "message",
        actions("a", button("x", "t" * 76)),
        "must be less than 76 characters",
        "/blocks/0/elements/0/text/text",
    ),
    (
        "message",
        actions("a", button("x", value="v" * 2001)),
        "must be less than 2001 characters",
        "/blocks/0/elements/0/value",
    ),
    (
        "message",
        actions("a", button("x", style="default")),
        "must be a valid enum value",
        "/blocks/0/elements/0/style",
    ),
    (
        "message",
        actions("a", {"type": "button", "action_id": "x"}),
        "missing required field: text",
        "/blocks/0/elements/0",
    ),
    (
        "message",
        actions("a", button("x", confirm={"title": plain("t" * 101), "text": plain("x")})),
        "must be less than 101 characters",
        "/blocks/0/elements/0/confirm/title/text",
    ),
    (
        "message",
        actions("a", button("same"), button("same")),
        '`action_id` "same" already exists',
        "/blocks/0/elements/1/action_id",
    ),
    (
        "message",
        in_section(select(options=[])),
        "must provide at least 1 items",
        "/blocks/0/accessory/options",
    ),
    (
        "message",
        in_section(select(options=[option(str(i)) for i in range(101)])),
        "no more than 100 items allowed",
        "/blocks/0/accessory/options",
    ),
    (
        "message",
        in_section({"type": "static_select"}),
        "missing required field: options",
        "/blocks/0/accessory",
    ),
    (
        "message",
        in_section(select(option_groups=[{"label": plain("g"), "options": [option("a")]}])),
        "must define only one of `options`, `option_groups`",
        "/blocks/0/accessory",
    ),
    (
        "message",
        in_section(select(initial_option=option("c"))),
        "must match one of the provided options",
        "/blocks/0/accessory/initial_option",
    ),
    (
        "message",
        in_section(select(initial_option=option("a") | {"text": plain("Other")})),
        "must match one of the provided options",
        "/blocks/0/accessory/initial_option",
    ),
    (
        "message",
        in_section(select(options=[{"text": plain("x" * 76), "value": "a"}])),
        "must be less than 76 characters",
        "/blocks/0/accessory/options/0/text/text",
    ),
    (
        "message",
        in_section(select(options=[{"text": plain("x"), "value": "v" * 151}])),
        "must be less than 151 characters",
        "/blocks/0/accessory/options/0/value",
    ),
    (
        "message",
        in_section(select(placeholder=plain("p" * 151))),
        "must be less than 151 characters",
        "/blocks/0/accessory/placeholder/text",
    ),
    (
        "message",
        in_section({"type": "overflow", "options": [option(str(i)) for i in range(6)]}),
        "no more than 5 items allowed",
        "/blocks/0/accessory/options",
    ),
    (
        "message",
        in_section({"type": "radio_buttons", "options": [option(str(i)) for i in range(11)]}),
        "no more than 10 items allowed",
        "/blocks/0/accessory/options",
    ),
    (
        "message",
        in_section({"type": "datepicker", "initial_date": "2.1.2026"}),
        r"input must match regex pattern: \d{4}-\d{2}-\d{2}",
        "/blocks/0/accessory/initial_date",
    ),
    # other blocks
    ("message", {"type": "image", "alt_text": "x"}, "missing required field: image_url", "/blocks/0"),
    ("message", PICTURE | {"alt_text": ""}, "must be more than 0 characters", "/blocks/0/alt_text"),
    (
        "message",
        {"type": "context", "elements": [plain("x")] * 11},
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    (
        "message",
        {"type": "plan", "title": "x", "tasks": [TASK | {"status": "completed"}]},
        "must be a valid enum value",
        "/blocks/0/tasks/0/status",
    ),
    (
        "message",
        {"type": "plan", "title": "x", "tasks": [TASK, TASK]},
        '`task_id` "t1" already exists',
        "/blocks/0/tasks/1/task_id",
    ),
    (
        "message",
        {"type": "plan", "title": "x", "tasks": [TASK | {"task_id": str(i)} for i in range(51)]},
        "no more than 50 items allowed",
        "/blocks/0/tasks",
    ),
    ("message", TASK | {"status": "pending"}, "must be a valid enum value", "/blocks/0/status"),
    ("message", TASK | {"output": "text"}, "must provide an object", "/blocks/0/output"),
    (
        "message",
        {"type": "card", "subtitle": plain("x")},
        "must define either `hero_image` or `title` or `actions` or `body`",
        "/blocks/0",
    ),
    ("message", CARD | {"title": "Deploy"}, "must provide an object", "/blocks/0/title"),
    ("message", CARD | {"body": plain("x" * 201)}, "must be less than 201 characters", "/blocks/0/body/text"),
    (
        "message",
        {"type": "carousel", "elements": [CARD] * 11},
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    (
        "message",
        {"type": "markdown", "text": "x" * 12_001},
        "must be less than 12001 characters",
        "/blocks/0/text",
    ),
    (
        "message",
        TABLE | {"rows": [[{"type": "raw_text", "text": "a"}] * 21]},
        "no more than 20 items allowed",
        "/blocks/0/rows/0",
    ),
    (
        "message",
        TABLE | {"rows": [[{"type": "raw_number", "value": True, "text": "1"}]]},
        "must provide a number",
        "/blocks/0/rows/0/0/value",
    ),
    (
        "message",
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
        },
        "must be more than 0 characters",
        "/blocks/0/elements/0/elements/0/text",
    ),
    (
        "message",
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "dash", "elements": []}]},
        "must be a valid enum value",
        "/blocks/0/elements/0/style",
    ),
    (
        "message",
        {"type": "container", "title": plain("x"), "default_collapsed": True, "child_blocks": [section("x")]},
        "`default_collapsed` requires `is_collapsible`",
        "/blocks/0/default_collapsed",
    ),
    # where a block may stand
    ("message", {"type": "alert", "text": plain("x")}, "unsupported type: alert", "/blocks/0/type"),
    ("modal", {"type": "plan", "title": "x", "tasks": []}, "unsupported type: plan", "/blocks/0/type"),
    ("home", TASK, "unsupported type: task_card", "/blocks/0/type"),
    ("modal", TABLE, "unsupported type: table", "/blocks/0/type"),
    ("modal", CARD, "unsupported type: card", "/blocks/0/type"),
    ("modal", {"type": "carousel", "elements": [CARD]}, "unsupported type: carousel", "/blocks/0/type"),
    ("modal", {"type": "markdown", "text": "x"}, "unsupported type: markdown", "/blocks/0/type"),
    (
        "home",
        {"type": "context_actions", "elements": []},
        "unsupported type: context_actions",
        "/blocks/0/type",
    ),
    (
        "message",
        in_input({"type": "number_input", "is_decimal_allowed": True}),
        "unsupported type: number_input",
        "/blocks/0/element/type",
    ),
    (
        "home",
        in_input({"type": "email_text_input"}),
        "unsupported type: email_text_input",
        "/blocks/0/element/type",
    ),
    # inputs
    ("modal", {"type": "input", "label": plain("x")}, "missing required field: element", "/blocks/0"),
    (
        "modal",
        in_input({"type": "plain_text_input", "max_length": 3001}),
        "must be less than 3001",
        "/blocks/0/element/max_length",
    ),
    (
        "modal",
        in_input({"type": "plain_text_input", "max_length": 0}),
        "must be greater than 0",
        "/blocks/0/element/max_length",
    ),
    (
        "modal",
        in_input({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
        "must be less than or equal to `max_length`",
        "/blocks/0/element/min_length",
    ),
    (
        "modal",
        in_input({"type": "plain_text_input", "max_length": "9"}),
        "must provide an integer",
        "/blocks/0/element/max_length",
    ),
    (
        "modal",
        in_input({"type": "number_input"}),
        "missing required field: is_decimal_allowed",
        "/blocks/0/element",
    ),
    (
        "modal",
        in_input({"type": "number_input", "is_decimal_allowed": True, "min_value": 1}),
        "must provide a string",
        "/blocks/0/element/min_value",
    ),
    (
        "modal",
        in_input({"type": "number_input", "is_decimal_allowed": True, "min_value": "10", "max_value": "9"}),
        "must be less than or equal to `max_value`",
        "/blocks/0/element/min_value",
    ),
    (
        "modal",
        in_input({"type": "rich_text_input"}),
        "missing required field: action_id",
        "/blocks/0/element",
    ),
    (
        "modal",
        in_input({"type": "file_input"}, dispatch_action=True),
        "`dispatch_action` is not supported by file_input",
        "/blocks/0/dispatch_action",
    ),
    (
        "modal",
        in_input({"type": "timepicker", "initial_time": "24:00"}),
        r"input must match regex pattern: ([01]\d|2[0-3]):[0-5]\d",
        "/blocks/0/element/initial_time",
    ),
    (
        "modal",
        in_input({"type": "timepicker", "timezone": "Europe/Atlantis"}),
        "must be a valid timezone",
        "/blocks/0/element/timezone",
    ),
]


@pytest.mark.parametrize(("surface", "block", "sentence", "pointer"), REFUSED)
def test_a_wrong_block_is_refused_at_its_place(
    surface: Surface, block: Any, sentence: str, pointer: str
) -> None:
    assert Problem(sentence, pointer) in check_blocks([block], surface)


def test_a_mismatch_of_a_text_is_announced_before_its_cause() -> None:
    assert [str(problem) for problem in check_blocks([section("")], "message")] == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ]


def test_every_wrong_block_is_named_in_one_answer() -> None:
    problems = check_blocks([section("fine"), {"type": "wrong"}, {"type": "worse"}], "message")
    assert [problem.pointer for problem in problems] == ["/blocks/1/type", "/blocks/2/type"]


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_a_surface_holds_so_many_blocks_and_not_one_more(surface: Surface, most: int) -> None:
    assert check_blocks(many_sections(most), surface) == []
    assert [str(problem) for problem in check_blocks(many_sections(most + 1), surface)] == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_two_blocks_with_one_id_are_refused() -> None:
    twice = [section("a") | {"block_id": "x"}, section("b") | {"block_id": "x"}]
    assert [str(problem) for problem in check_blocks(twice, "message")] == [
        '`block_id` "x" already exists [json-pointer:/blocks/1/block_id]'
    ]


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "plan", "title": "a", "tasks": []}, {"type": "plan", "title": "b", "tasks": []}],
        [{"type": "plan", "title": "a", "tasks": []}, TASK],
        [TABLE, TABLE],
        [{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 7000}],
        [text_input("a", focus_on_load=True), text_input("b", focus_on_load=True)],
        [{"type": "markdown", "text": "# h\n" * 51}],
    ],
)
def test_some_blocks_do_not_go_together(blocks: list[dict[str, Any]]) -> None:
    assert check_blocks(blocks, "message")
    assert check_blocks(blocks[:1], "message") == [] or len(blocks) == 1


@pytest.mark.parametrize(
    ("markdown", "count"),
    [
        ("one\ntwo", 1),
        ("# a\ntext\n---\nmore", 4),
        ("| a |\n|---|\n| b |", 1),
        ("```\n# not\n---\n```", 1),
        ("", 1),
    ],
)
def test_markdown_counts_as_the_blocks_it_becomes(markdown: str, count: int) -> None:
    assert expanded_count(markdown) == count


@pytest.mark.parametrize("blocks", [None, {}, "[]", 3, True, [None], [[]]])
def test_what_is_no_list_of_blocks_is_refused_and_nothing_breaks(blocks: Any) -> None:
    assert check_blocks(blocks, "modal")
