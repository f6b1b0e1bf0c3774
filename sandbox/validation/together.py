"""What is right by itself and wrong together: ids used twice, and blocks that exclude or outnumber one another."""

from collections.abc import Iterator, Sequence

from sandbox.elements import elements_of
from sandbox.types import Json
from sandbox.validation.markdown import expanded_count
from sandbox.validation.schema import Problem, broken, repeated

MOST_MARKDOWN = 12_000
MOST_CHARTS = 2
_TABLES = ("table", "data_table")
# Where the elements of a block are, for those that hold several.
_ELEMENT_KEYS = {"card": "actions", "section": "accessory", "input": "element"}

Placed = tuple[str, Json]


def problems_together(blocks: list[Json], at: str, most: int) -> Iterator[Problem]:
    """For blocks each of which is right: what is wrong with them as a whole. `most` blocks may there be."""
    placed = list(_placed(blocks, at))
    yield from _repeated_ids(placed)
    yield from _plans(placed)
    yield from _counted(placed)
    yield from _focused(placed)
    yield from _markdown(blocks, at, most)


def _placed(blocks: Sequence[Json], at: str) -> Iterator[Placed]:
    """All blocks with their pointers, those inside containers and carousels too."""
    for index, block in enumerate(blocks):
        where = f"{at}/{index}"
        yield where, block
        if block["type"] == "container":
            yield from _placed(block["child_blocks"], f"{where}/child_blocks")
        if block["type"] == "carousel":
            yield from _placed(block["elements"], f"{where}/elements")


def _repeated_ids(placed: list[Placed]) -> Iterator[Problem]:
    ids = [block.get("block_id") or object() for _, block in placed]
    for index in repeated(ids):
        yield Problem(f'`block_id` "{ids[index]}" already exists', f"{placed[index][0]}/block_id")
    for where, block in placed:
        actions = [element.get("action_id") or object() for element in elements_of(block)]
        for position in repeated(actions):
            key = _ELEMENT_KEYS.get(block["type"], "elements")
            sentence = f'`action_id` "{actions[position]}" already exists'
            yield Problem(sentence, f"{where}/{key}/{position}/action_id")


def _plans(placed: list[Placed]) -> Iterator[Problem]:
    plans = [where for where, block in placed if block["type"] == "plan"]
    for where in plans[1:]:
        yield Problem("only one plan block is allowed in a message", where)
    for where, block in placed:
        if plans and block["type"] == "task_card":
            yield Problem("a task_card cannot stand beside a plan block", f"{where}/type")


def _counted(placed: list[Placed]) -> Iterator[Problem]:
    tables = [where for where, block in placed if block["type"] in _TABLES]
    for where in tables[1:]:
        yield Problem("only_one_table_allowed", where)
    charts = [where for where, block in placed if block["type"] == "data_visualization"]
    for where in charts[MOST_CHARTS:]:
        yield broken("max_items", MOST_CHARTS, f"no more than {MOST_CHARTS} items allowed", where)


def _focused(placed: list[Placed]) -> Iterator[Problem]:
    focused = [where for where, block in placed for e in elements_of(block) if e.get("focus_on_load")]
    for where in focused[1:]:
        yield Problem("only one element may have `focus_on_load`", where)


def _markdown(blocks: list[Json], at: str, most: int) -> Iterator[Problem]:
    texts = [block["text"] for block in blocks if block["type"] == "markdown"]
    if sum(len(text) for text in texts) > MOST_MARKDOWN:
        yield broken("max_length", MOST_MARKDOWN, f"must be less than {MOST_MARKDOWN + 1} characters", at)
    expanded = len(blocks) - len(texts) + sum(expanded_count(text) for text in texts)
    if texts and expanded > most:
        yield broken("max_items", most, f"no more than {most} items allowed", at)
