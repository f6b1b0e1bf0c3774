"""Views and blocks that several tests show."""

from typing import Any


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(action_id: str, text: str = "Go", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(block_id: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def text_input(block_id: str, **element: Any) -> dict[str, Any]:
    """An input block with one text field, whose action_id is 'value'."""
    field = {"type": "plain_text_input", "action_id": "value", **element}
    return {"type": "input", "block_id": block_id, "label": plain(block_id.title()), "element": field}


def select_input(block_id: str, *values: str, **element: Any) -> dict[str, Any]:
    options = [option(value) for value in values]
    field = {"type": "static_select", "action_id": "value", "options": options, **element}
    return {"type": "input", "block_id": block_id, "label": plain(block_id.title()), "element": field}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("A form"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "blocks": list(blocks) or [text_input("name")],
        **more,
    }


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
