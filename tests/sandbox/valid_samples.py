"""Every block and every element once, with all its fields, each accepted as it stands."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

LINK = "https://example.com/page"


def plain(text: str = "Words") -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str = "*Words*") -> Json:
    return {"type": "mrkdwn", "text": text, "verbatim": False}


def option(value: str, **more: Any) -> Json:
    return {"text": plain(value.title()), "value": value, "description": plain("About it"), **more}


def rich(*leaves: Json) -> Json:
    section = {"type": "rich_text_section", "elements": list(leaves) or [{"type": "text", "text": "Words"}]}
    return {"type": "rich_text", "elements": [section]}


CONFIRM: Json = {
    "title": plain("Sure?"),
    "text": mrkdwn("Really *now*?"),
    "confirm": plain("Yes"),
    "deny": plain("No"),
    "style": "danger",
}
OPTIONS = [option("one"), option("two")]
GROUPS = [{"label": plain("Some"), "options": OPTIONS}]
MARKED = [{**option("one"), "text": mrkdwn(), "description": mrkdwn()}, option("two")]
IMAGE: Json = {"type": "image", "image_url": "https://example.com/i.png", "alt_text": "A graph"}
STYLE = {"bold": True, "italic": True, "strike": False, "code": False, "underline": True}
MENTION = {
    "bold": True,
    "italic": False,
    "strike": False,
    "highlight": True,
    "client_highlight": False,
    "unlink": False,
}
LEAVES: list[Json] = [
    {"type": "text", "text": "Words", "style": STYLE},
    {"type": "link", "url": LINK, "text": "a page", "unsafe": False, "style": STYLE},
    {"type": "emoji", "name": "wave", "unicode": "1f44b", "skin_tone": 2, "style": STYLE},
    {"type": "user", "user_id": "U0BOB", "style": MENTION},
    {"type": "usergroup", "usergroup_id": "S0ONCALL", "style": MENTION},
    {"type": "team", "team_id": "T0SANDBOX", "style": MENTION},
    {"type": "channel", "channel_id": "C0OPS", "style": MENTION},
    {"type": "broadcast", "range": "here", "style": MENTION},
    {"type": "color", "value": "#2f6f6a", "style": STYLE},
    {
        "type": "date",
        "timestamp": 1795356000,
        "format": "{date_long}",
        "url": LINK,
        "fallback": "a day",
        "style": STYLE,
    },
]
_BARE: Json = {"type": "rich_text_section", "elements": [LEAVES[0]]}
RICH_TEXT: Json = {
    "type": "rich_text",
    "block_id": "rich",
    "elements": [
        {"type": "rich_text_section", "elements": LEAVES},
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 8,
            "offset": 0,
            "border": 1,
            "elements": [_BARE],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 0,
            "offset": 3,
            "border": 0,
            "elements": [_BARE],
        },
        {"type": "rich_text_quote", "border": 1, "elements": LEAVES},
        {"type": "rich_text_preformatted", "border": 0, "language": "python", "elements": LEAVES[:3]},
    ],
}

_BUTTONS: dict[str, Json] = {
    "button": {
        "text": plain("Go"),
        "value": "v",
        "url": LINK,
        "style": "primary",
        "confirm": CONFIRM,
        "accessibility_label": "Go to the page",
        "agent_prompt": "Explain the page",
        "agent_prompt_display": "Explain",
        "visible_to_user_ids": ["U0ADA"],
    },
    "overflow": {"options": [option("one", url=LINK), option("two")], "confirm": CONFIRM},
}
_WORKFLOW_BUTTON: dict[str, Json] = {
    "workflow_button": {
        "text": plain("Start"),
        "style": "danger",
        "accessibility_label": "Start it",
        "workflow": {
            "trigger": {"url": LINK, "customizable_input_parameters": [{"name": "size", "value": "large"}]}
        },
    },
}
_PICK = {"confirm": CONFIRM, "focus_on_load": False, "placeholder": plain("Pick")}
_FILTER = {"include": ["public", "im"], "exclude_external_shared_channels": True, "exclude_bot_users": True}
_TALKS = {"default_to_current_conversation": False, "filter": _FILTER}
_CHOICES: dict[str, Json] = {
    "static_select": {"options": OPTIONS, "initial_option": OPTIONS[1], **_PICK},
    "multi_static_select": {
        "option_groups": GROUPS,
        "initial_options": OPTIONS,
        "max_selected_items": 2,
        **_PICK,
    },
    "external_select": {"initial_option": OPTIONS[0], "min_query_length": 0, **_PICK},
    "multi_external_select": {
        "initial_options": OPTIONS,
        "min_query_length": 1,
        "max_selected_items": 3,
        **_PICK,
    },
    "users_select": {"initial_user": "U0ADA", **_PICK},
    "multi_users_select": {"initial_users": ["U0ADA"], "max_selected_items": 1, **_PICK},
    "channels_select": {"initial_channel": "C0OPS", **_PICK},
    "multi_channels_select": {"initial_channels": ["C0OPS"], "max_selected_items": 1, **_PICK},
    "conversations_select": {"initial_conversation": "C0OPS", **_TALKS, **_PICK},
    "multi_conversations_select": {
        "initial_conversations": ["C0OPS"],
        "max_selected_items": 1,
        **_TALKS,
        **_PICK,
    },
    "checkboxes": {
        "options": MARKED,
        "initial_options": MARKED[:1],
        "confirm": CONFIRM,
        "focus_on_load": False,
    },
    "radio_buttons": {
        "options": MARKED,
        "initial_option": MARKED[1],
        "confirm": CONFIRM,
        "focus_on_load": False,
    },
    "datepicker": {"initial_date": "2026-11-22", **_PICK},
    "timepicker": {"initial_time": "23:59", "timezone": "Europe/Berlin", **_PICK},
}
_DATETIME: dict[str, Json] = {
    "datetimepicker": {"initial_date_time": 1795356000, "confirm": CONFIRM, "focus_on_load": False}
}
_TYPED = {
    "focus_on_load": False,
    "placeholder": plain("Type"),
    "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]},
}
_RICH_INPUT: dict[str, Json] = {
    "rich_text_input": {"initial_value": rich(), "min_lines": 1, "max_lines": 9, **_TYPED}
}
_TEXT_INPUT: dict[str, Json] = {
    "plain_text_input": {
        "initial_value": "Words",
        "multiline": True,
        "min_length": 1,
        "max_length": 3000,
        **_TYPED,
    }
}
_MODAL_INPUTS: dict[str, Json] = {
    "email_text_input": {"initial_value": "ada@example.com", **_TYPED},
    "url_text_input": {"initial_value": LINK, **_TYPED},
    "number_input": {
        "is_decimal_allowed": True,
        "initial_value": "1.5",
        "min_value": "-1",
        "max_value": "10",
        **_TYPED,
    },
    "file_input": {"filetypes": ["csv", "png"], "max_files": 2},
}
_FEEDBACK = {"text": plain("Good"), "value": "good", "accessibility_label": "This was good"}
_CONTEXT_BUTTONS: dict[str, Json] = {
    "feedback_buttons": {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK},
    "icon_button": {
        "icon": "trash",
        "text": plain("Delete"),
        "value": "v",
        "confirm": CONFIRM,
        "accessibility_label": "Delete this",
        "visible_to_user_ids": ["U0ADA", "U0BOB"],
    },
}


def _elements(kinds: dict[str, Json]) -> list[Json]:
    return [{"type": kind, "action_id": kind, **fields} for kind, fields in kinds.items()]


def _interactive(
    accessories: dict[str, Json], acting: dict[str, Json], inputs: dict[str, Json]
) -> dict[str, Json]:
    """Blocks that hold elements, by names that say which."""
    blocks: dict[str, Json] = {
        f"section {element['type']}": {
            "type": "section",
            "block_id": f"section {element['type']}",
            "text": mrkdwn(),
            "fields": [plain(), mrkdwn()],
            "expand": True,
            "accessory": element,
        }
        for element in [*_elements(accessories), IMAGE]
    }
    for element in _elements(acting):
        name = f"actions {element['type']}"
        blocks[name] = {"type": "actions", "block_id": name, "elements": [element]}
    for element in _elements(inputs):
        name = f"input {element['type']}"
        blocks[name] = {
            "type": "input",
            "block_id": name,
            "label": plain("Label"),
            "hint": plain("Hint"),
            "optional": True,
            "dispatch_action": element["type"] != "file_input",
            "element": element,
        }
    return blocks


_EVERYWHERE: dict[str, Json] = {
    "context": {"type": "context", "block_id": "context", "elements": [IMAGE, plain(), mrkdwn()]},
    "divider": {"type": "divider", "block_id": "divider"},
    "header": {"type": "header", "block_id": "header", "text": plain("Title"), "level": 2},
    "image": {**IMAGE, "block_id": "image", "title": plain("A picture")},
    "slack image": {
        "type": "image",
        "block_id": "slack image",
        "slack_file": {"id": "F0FILE"},
        "alt_text": "A file",
    },
    "rich_text": RICH_TEXT,
    "video": {
        "type": "video",
        "block_id": "video",
        "alt_text": "A film",
        "title": plain("How it works"),
        "thumbnail_url": "https://example.com/thumb.png",
        "video_url": "https://example.com/embed/1",
        "title_url": "https://example.com/watch/1",
        "author_name": "Ada",
        "description": plain("Two minutes"),
        "provider_icon_url": "https://example.com/icon.png",
        "provider_name": "Example",
    },
}
TASK: Json = {
    "type": "task_card",
    "task_id": "build",
    "title": "Build",
    "status": "in_progress",
    "details": rich(*LEAVES[:3]),
    "output": rich(),
    "sources": [{"type": "url", "url": LINK, "text": "The log"}],
}
CARD: Json = {
    "type": "card",
    "hero_image": IMAGE,
    "icon": IMAGE,
    "title": mrkdwn("*Deploy*"),
    "subtitle": plain("to production"),
    "body": mrkdwn("Ships it"),
    "subtext": plain("Since Monday"),
    "actions": _elements({"button": _BUTTONS["button"]}),
}
_CELLS: list[Json] = [
    {"type": "raw_text", "text": "Ada"},
    {"type": "raw_number", "value": 3.5, "text": "3.5"},
]
TABLE: Json = {
    "type": "table",
    "block_id": "table",
    "rows": [_CELLS, [_CELLS[0], rich()]],
    "column_settings": [{"align": "right", "is_wrapped": True}, None],
}
DATA_TABLE: Json = {
    "type": "data_table",
    "block_id": "data_table",
    "caption": "People",
    "page_size": 5,
    "row_header_column_index": 1,
    "rows": [_CELLS, [_CELLS[0], rich()]],
}
_AXES = {"categories": ["Mon", "Tue"], "x_label": "Day", "y_label": "Runs"}


def chart(kind: str) -> Json:
    if kind == "pie":
        inner: Json = {"segments": [{"label": "Done", "value": 3}, {"label": "Open", "value": 1.5}]}
    else:
        points = [{"label": "Mon", "value": 3}, {"label": "Tue", "value": -1.5}]
        names = ("Build", "Test")
        inner = {"series": [{"name": name, "data": points} for name in names], "axis_config": _AXES}
    return {
        "type": "data_visualization",
        "block_id": f"chart {kind}",
        "title": f"Runs as {kind}",
        "chart": {"type": kind, **inner},
    }


_CARDS: dict[str, Json] = {
    "card": {**CARD, "block_id": "card"},
    "card slack_icon": {
        "type": "card",
        "block_id": "card slack_icon",
        "slack_icon": {"type": "icon", "name": "rocket"},
        "title": plain(),
    },
    "carousel": {"type": "carousel", "block_id": "carousel", "elements": [CARD, CARD]},
}
_CONTAINER: Json = {
    "type": "container",
    "block_id": "container",
    "title": plain("Box"),
    "rich_text_title": rich(),
    "subtitle": mrkdwn("of *things*"),
    "width": "wide",
    "icon": IMAGE,
    "is_collapsible": True,
    "default_collapsed": True,
    "has_header_divider": False,
    "child_blocks": [
        {"type": "section", "block_id": "inner", "text": mrkdwn()},
        {"type": "input", "label": plain("Inner"), "element": _elements(_TEXT_INPUT)[0]},
        {"type": "divider"},
        {**RICH_TEXT, "block_id": "inner rich"},
    ],
}
_MESSAGE_ONLY: dict[str, Json] = {
    "plan": {
        "type": "plan",
        "block_id": "plan",
        "title": plain("Release"),
        "tasks": [TASK, {"task_id": "test", "title": "Test", "status": "pending"}],
    },
    "task_card": {**TASK, "block_id": "task_card"},
    "container": _CONTAINER,
    "context_actions": {
        "type": "context_actions",
        "block_id": "context_actions",
        "elements": _elements(_CONTEXT_BUTTONS),
    },
    "markdown": {"type": "markdown", "block_id": "markdown", "text": "# Title\n\n- **one**\n- two"},
    **{f"chart {kind}": chart(kind) for kind in ("pie", "bar", "line", "area")},
}
_TABLES: dict[str, Json] = {"table": TABLE, "data_table": DATA_TABLE}
_ALERT: Json = {"type": "alert", "block_id": "alert", "text": mrkdwn("Careful"), "level": "warning"}
_ANSWERING = {
    kind: {**_CHOICES[kind], "response_url_enabled": True}
    for kind in ("channels_select", "conversations_select")
}

MESSAGE: dict[str, Json] = {
    **_interactive(
        _BUTTONS | _WORKFLOW_BUTTON | _CHOICES,
        _BUTTONS | _WORKFLOW_BUTTON | _CHOICES | _DATETIME,
        _TEXT_INPUT | _CHOICES | _DATETIME,
    ),
    **_EVERYWHERE,
    **_CARDS,
    **_TABLES,
    **_MESSAGE_ONLY,
}
MODAL: dict[str, Json] = {
    **_interactive(
        _BUTTONS | _CHOICES,
        _BUTTONS | _CHOICES | _DATETIME | _RICH_INPUT,
        _TEXT_INPUT | _CHOICES | _DATETIME | _RICH_INPUT | _MODAL_INPUTS | _ANSWERING,
    ),
    **_EVERYWHERE,
    "alert": _ALERT,
}
HOME: dict[str, Json] = {
    **_interactive(
        _BUTTONS | _CHOICES,
        _BUTTONS | _CHOICES | _RICH_INPUT,
        _TEXT_INPUT | _CHOICES | _RICH_INPUT,
    ),
    **_EVERYWHERE,
    **_CARDS,
    **_TABLES,
}
SAMPLES = {"message": MESSAGE, "modal": MODAL, "home": HOME}
NOT_TOGETHER = ("task_card", "data_table", "chart line", "chart area")  # beside plan, table, two other charts

MODAL_VIEW: Json = {
    "type": "modal",
    "title": plain("A form"),
    "submit": plain("Send"),
    "close": plain("Cancel"),
    "callback_id": "form",
    "external_id": "form-1",
    "private_metadata": "{}",
    "clear_on_close": True,
    "notify_on_close": True,
    "submit_disabled": False,
    "blocks": list(MODAL.values()),
}
HOME_VIEW: Json = {
    "type": "home",
    "callback_id": "home",
    "external_id": "home-1",
    "private_metadata": "{}",
    "blocks": [block for name, block in HOME.items() if name not in NOT_TOGETHER],
}


def elements_in(value: Any) -> Iterator[Json]:
    """Every object with a type inside some JSON, itself too."""
    if isinstance(value, list):
        for entry in value:
            yield from elements_in(entry)
    elif isinstance(value, dict):
        if "type" in value:
            yield value
        for entry in value.values():
            yield from elements_in(entry)
