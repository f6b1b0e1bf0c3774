"""How many blocks a markdown block becomes: the limit of blocks in a message holds for those."""


def expanded_count(markdown: str) -> int:
    """Each heading, rule, table and run of other text is one block."""
    count, kind, is_code = 0, "", False
    for line in markdown.splitlines():
        stripped = line.strip()
        is_fence = stripped.startswith("```")
        if not is_code and not is_fence:
            now = _line_kind(stripped)
        else:
            now, is_code = "text", is_code != is_fence
        if now in ("heading", "rule") or (now and now != kind):
            count += 1
        kind = now or kind
    return max(count, 1)


def _line_kind(line: str) -> str:
    if not line:
        return ""
    if line.lstrip("#") != line and line.lstrip("#").startswith(" "):
        return "heading"
    if len(line) >= 3 and set(line) in ({"-"}, {"*"}, {"_"}):
        return "rule"
    return "table" if line.startswith("|") else "text"
