"""Words that would do harm if they were ever taken for more than words, put into every text of a sample."""

from typing import Any

Json = dict[str, Any]

FLAG = "window.hacked=1"
HOSTILE: dict[str, str] = {
    "elements": (
        f"\"'></textarea></title></script><script>{FLAG}</script><img src=x onerror='{FLAG}'>"
        f"<svg onload='{FLAG}'><a href='javascript:{FLAG}'>x</a><iframe srcdoc='<script>parent.{FLAG}</script>'>"
    ),
    "attributes": (
        f'" autofocus onfocus="{FLAG}" onmouseover=\'{FLAG}\' style="background:url(//evil.example/x)" x="'
    ),
    "links": (
        f"<javascript:{FLAG}|click> [click](javascript:{FLAG}) ![x](javascript:{FLAG}) <data:text/html,x|x> "
        f'javascript:{FLAG} <https://example.com" onclick="{FLAG}|y> <!date^1^{{date}}^javascript:{FLAG}|day>'
    ),
    "templates": (
        f"{{{{constructor.constructor('{FLAG}')()}}}} ${{{FLAG}}} &lt;script&gt;{FLAG}&lt;/script&gt; "
        f"&#60;img src=x onerror={FLAG}&#62;"
    ),
    "characters": "\u202eevil\u202c \u200b\u200d\ufeff \x00\x01\x1b[31m \u2028\u2029 \ufffe "
    + "a\u0301" * 200,
}
ADDRESSES = (
    f"javascript:{FLAG}",
    f"data:text/html,<script>parent.{FLAG}</script>",
    "//evil.example/x",
    f"\x01javascript:{FLAG}",
    "/control/reset",
)

# Keys whose strings are words that people see, and those whose strings are addresses.
_WORDS = frozenset(
    (
        *(
            "text",
            "title",
            "label",
            "alt_text",
            "value",
            "accessibility_label",
            "fallback",
            "author_name",
            "name",
        ),
        *(
            "provider_name",
            "caption",
            "x_label",
            "y_label",
            "initial_value",
            "agent_prompt",
            "block_id",
            "action_id",
        ),
        *(
            "task_id",
            "author_subname",
            "footer",
            "pretext",
            "language",
            "format",
            "categories",
            "placeholder",
        ),
    )
)
_URLS = frozenset(
    (
        *(
            "url",
            "image_url",
            "thumb_url",
            "title_link",
            "author_link",
            "author_icon",
            "footer_icon",
            "title_url",
        ),
        *("thumbnail_url", "video_url", "provider_icon_url", "from_url", "original_url"),
    )
)


def infected(value: Any, words: str, address: str) -> Any:
    """A copy with these words in each text, and this address at each link and picture."""
    if isinstance(value, list):
        return [words if isinstance(entry, str) else infected(entry, words, address) for entry in value]
    if not isinstance(value, dict):
        return value
    return {key: _infected_field(key, entry, words, address) for key, entry in value.items()}


def _infected_field(key: str, entry: Any, words: str, address: str) -> Any:
    if isinstance(entry, str):
        return words if key in _WORDS else address if key in _URLS else entry
    return infected(entry, words, address)


ATTACHMENT: Json = {
    "fallback": "x",
    "color": "#36a64f",
    "pretext": "x",
    "author_name": "x",
    "author_subname": "x",
    "author_link": "x",
    "author_icon": "x",
    "title": "x",
    "title_link": "x",
    "text": "x",
    "fields": [{"title": "x", "value": "x", "short": True}],
    "image_url": "x",
    "thumb_url": "x",
    "footer": "x",
    "footer_icon": "x",
    "from_url": "x",
    "original_url": "x",
    "ts": 1795356000,
}
