"""Makes `docs/ids.md` from `blocks/ids.py`: run this file as a module to write it anew."""

from __future__ import annotations

from pathlib import Path

from blocks.ids import ActionId, BlockPrefix, CallbackId

PAGE = Path(__file__).parents[2] / "docs" / "ids.md"

_HEAD = """# Names in Slack's requests

Made from `blocks/ids.py` by `python -m tests.support.ids_page`; do not edit it by hand. The values that
buttons, options and views carry (`RunRef` and the others) are in `blocks/values.py`: JSON with the kind under `is`.
"""


def ids_table() -> str:
    """The whole page."""
    parts = [_HEAD]
    kinds = (("Action ids", ActionId), ("Callback ids", CallbackId), ("Block ids", BlockPrefix))
    for title, kind in kinds:
        rows = [f"| `{member}` | {member.meaning} |" for member in kind]
        parts.append("\n".join([f"## {title}", "", "| id | meaning |", "| --- | --- |", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(ids_table(), encoding="utf-8")
