"""rich_text blocks: sections, lists, quotes and code, and the leaves inside them."""

from collections.abc import Mapping

from sandbox.validation.objects import url
from sandbox.validation.schema import Rule, array, boolean, by_type, integer, one_of, record, text

_TEXT_STYLE = record(
    {},
    dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean),
    is_typed=False,
)
_MENTION_STYLES = ("bold", "italic", "strike", "underline", "highlight", "client_highlight", "unlink")
_MENTION_STYLE = record({}, dict.fromkeys(_MENTION_STYLES, boolean), is_typed=False)


def _mention(key: str, optional: Mapping[str, Rule] | None = None) -> Rule:
    return record({key: text()}, {"style": _MENTION_STYLE, **(optional or {})})


_LEAVES: dict[str, Rule] = {
    "text": record({"text": text()}, {"style": _TEXT_STYLE}),
    "link": record({"url": url}, {"text": text(shortest=0), "unsafe": boolean, "style": _TEXT_STYLE}),
    "emoji": record({"name": text()}, {"unicode": text(), "skin_tone": integer(1, 6), "style": _TEXT_STYLE}),
    "user": _mention("user_id"),
    "usergroup": _mention("usergroup_id"),
    "team": _mention("team_id"),
    "channel": _mention("channel_id"),
    "broadcast": record({"range": one_of("here", "channel", "everyone")}, {"style": _MENTION_STYLE}),
    "color": record({"value": text(pattern=r"#?[0-9a-fA-F]{6}")}, {"style": _TEXT_STYLE}),
    "date": record(
        {"timestamp": integer(0, 10**11), "format": text()},
        {"url": url, "fallback": text(), "style": _TEXT_STYLE},
    ),
}
_LEAF_ARRAY = array(by_type(_LEAVES), 0)
_BORDER = integer(0, 1)
_SECTION = record({"elements": _LEAF_ARRAY})
_CONTAINERS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_list": record(
        {
            "style": one_of("bullet", "ordered"),
            "elements": array(by_type({"rich_text_section": _SECTION}), 1),
        },
        {"indent": integer(0, 8), "offset": integer(0, 10**6), "border": _BORDER},
    ),
    "rich_text_quote": record({"elements": _LEAF_ARRAY}, {"border": _BORDER}),
    "rich_text_preformatted": record(
        {
            "elements": array(
                by_type({"text": _LEAVES["text"], "link": _LEAVES["link"], "emoji": _LEAVES["emoji"]}), 0
            )
        },
        {"border": _BORDER, "language": text()},
    ),
}

RICH_TEXT_BLOCK = record({"elements": array(by_type(_CONTAINERS), 1)}, {"block_id": text(255)})
RICH_TEXT = by_type({"rich_text": RICH_TEXT_BLOCK})
