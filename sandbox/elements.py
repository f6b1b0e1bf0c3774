"""Which elements a message or view holds, and where: for filling ids, finding clicks and keeping state."""

from collections.abc import Iterator

from sandbox.types import Json

STATEFUL_TYPES = frozenset(
    {
        "checkboxes",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "file_input",
        "number_input",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "timepicker",
        "url_text_input",
        *(
            f"{prefix}{kind}_select"
            for prefix in ("", "multi_")
            for kind in ("static", "external", "users", "channels", "conversations")
        ),
    }
)
CLICKABLE_TYPES = STATEFUL_TYPES | {
    "button",
    "overflow",
    "workflow_button",
    "icon_button",
    "feedback_buttons",
}


def elements_of(block: Json) -> list[Json]:
    """The interactive elements directly in one block, in order."""
    match block["type"]:
        case "section":
            found = [block.get("accessory")]
        case "input":
            found = [block.get("element")]
        case "actions" | "context_actions":
            found = list(block["elements"])
        case "card":
            found = list(block.get("actions") or [])
        case _:
            found = []
    return [element for element in found if element and element["type"] in CLICKABLE_TYPES]


def walk_blocks(blocks: list[Json]) -> Iterator[Json]:
    """All blocks, those inside containers and carousels too."""
    for block in blocks:
        yield block
        yield from walk_blocks(block.get("child_blocks") or [])
        if block["type"] == "carousel":
            yield from walk_blocks(block["elements"])


def interactive_elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) pair somebody could act on."""
    for block in walk_blocks(blocks):
        for element in elements_of(block):
            yield block, element


def stateful_elements(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every (block_id, element) that has a value in `state.values`."""
    for block, element in interactive_elements(blocks):
        if element["type"] in STATEFUL_TYPES:
            yield str(block.get("block_id")), element


def find_element(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json] | None:
    """The (block, element) with this action_id, in this block when `block_id` is given."""
    for block, element in interactive_elements(blocks):
        if element.get("action_id") == action_id and block_id in (None, block.get("block_id")):
            return block, element
    return None
