"""Messages that grow while people watch: what was streamed into each, and until when it may go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.messaging import LONGEST_MARKDOWN
from sandbox.normalise import complete_blocks
from sandbox.types import Json
from sandbox.validation.blocks import MOST_BLOCKS, check_blocks
from sandbox.validation.markdown import expanded_count

STREAM_SECONDS = 300.0  # measured by others: appending does not prolong it
LONGEST_DETAIL = 256
STATUSES = ("pending", "in_progress", "complete", "error")

Display: TypeAlias = Literal["timeline", "plan"]
DISPLAYS: dict[str, Display] = {"timeline": "timeline", "plan": "plan"}


def check_chunks(value: Any) -> list[Json]:
    """The chunks of a call, or SlackError invalid_chunks with what is wrong."""
    if value in (None, ""):
        return []
    problems: list[str] = []
    if not isinstance(value, list):
        problems.append("must provide an array [json-pointer:/chunks]")
    else:
        problems += [each for index, chunk in enumerate(value) for each in _wrong(chunk, f"/chunks/{index}")]
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_chunks", response_metadata={"messages": messages})
    chunks: list[Json] = value
    return chunks


def _wrong(chunk: Any, at: str) -> list[str]:
    """What is wrong with one chunk."""
    if not isinstance(chunk, dict):
        return [f"must provide an object [json-pointer:{at}]"]
    kind = chunk.get("type")
    if kind == "blocks":
        found = check_blocks(chunk.get("blocks"), "message", f"{at}/blocks")
        return [str(problem) for problem in found]
    needs = {"markdown_text": ("text",), "plan_update": ("title",), "task_update": ("id", "title")}
    if not isinstance(kind, str) or kind not in needs:
        return [f"unsupported type: {kind} [json-pointer:{at}/type]"]
    absent = [name for name in needs[kind] if not isinstance(chunk.get(name), str) or not chunk[name]]
    wrong = [f"missing required field: {name} [json-pointer:{at}]" for name in absent]
    return wrong + (_wrong_task(chunk, at) if kind == "task_update" else [])


def _wrong_task(chunk: Json, at: str) -> list[str]:
    wrong = []
    if chunk.get("status", "in_progress") not in STATUSES:
        wrong.append(f"must be a valid enum value [json-pointer:{at}/status]")
    for name in ("details", "output"):
        text = chunk.get(name)
        if text is not None and not isinstance(text, str):
            wrong.append(f"must provide a string [json-pointer:{at}/{name}]")
        elif text is not None and len(text) > LONGEST_DETAIL:
            wrong.append(f"must be less than {LONGEST_DETAIL + 1} characters [json-pointer:{at}/{name}]")
    sources = chunk.get("sources")
    if sources is not None and not _are_sources(sources):
        wrong.append(f"must provide an array of sources [json-pointer:{at}/sources]")
    return wrong


def _are_sources(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and isinstance(each.get("url"), str) and isinstance(each.get("text"), str)
        for each in value
    )


@dataclass
class Stream:
    """What was streamed into one message so far, in order."""

    user: str
    display: Display
    started_at: float
    _parts: list[Json] = field(default_factory=list)
    _tasks: dict[str, Json] = field(default_factory=dict)
    _plan: Json | None = None

    def add_text(self, text: str) -> None:
        if self._parts and self._parts[-1]["type"] == "markdown":
            self._parts[-1]["text"] += text
        else:
            self._parts.append({"type": "markdown", "text": text})

    def add(self, chunks: Sequence[Json]) -> None:
        for chunk in chunks:
            match chunk["type"]:
                case "markdown_text":
                    self.add_text(chunk["text"])
                case "plan_update":
                    self._the_plan()["title"] = chunk["title"]
                case "task_update":
                    self._update_task(chunk)
                case _:
                    self.add_blocks(chunk["blocks"])

    def add_blocks(self, blocks: Sequence[Json]) -> None:
        self._parts += complete_blocks(list(blocks))

    def blocks(self) -> list[Json]:
        """The message's blocks, or SlackError when they are too many or too long."""
        texts = [part["text"] for part in self._parts if part["type"] == "markdown"]
        if sum(len(text) for text in texts) > LONGEST_MARKDOWN:
            raise SlackError("msg_too_long")
        if (
            len(self._parts) - len(texts) + sum(expanded_count(text) for text in texts)
            > MOST_BLOCKS["message"]
        ):
            raise SlackError("msg_blocks_too_long")
        return [dict(part) for part in self._parts]

    def text(self) -> str:
        return "".join(part["text"] for part in self._parts if part["type"] == "markdown")

    def copy(self) -> "Stream":
        """One to try the next chunks on, so that a refused call changes nothing."""
        parts = [dict(part) for part in self._parts]
        by_id = {id(old): new for old, new in zip(self._parts, parts, strict=True)}
        plan = by_id[id(self._plan)] if self._plan is not None else None
        if plan is not None:
            planned = plan["tasks"]
            plan["tasks"] = [dict(task) for task in planned]
            by_id |= {id(old): new for old, new in zip(planned, plan["tasks"], strict=True)}
        tasks = {key: by_id[id(task)] for key, task in self._tasks.items()}
        return Stream(self.user, self.display, self.started_at, parts, tasks, plan)

    def _the_plan(self) -> Json:
        if self._plan is None:
            self._plan = complete_blocks([{"type": "plan", "title": "", "tasks": []}])[0]
            self._parts.append(self._plan)
        return self._plan

    def _update_task(self, chunk: Json) -> None:
        task = self._tasks.get(chunk["id"])
        if task is None:
            task = self._tasks[chunk["id"]] = complete_blocks(
                [{"type": "task_card", "task_id": chunk["id"]}]
            )[0]
            if self.display == "plan":
                task.pop("block_id", None)
                self._the_plan()["tasks"].append(task)
            else:
                self._parts.append(task)
        task |= {"title": chunk["title"], "status": chunk.get("status", "in_progress")}
        task |= {name: _rich(chunk[name]) for name in ("details", "output") if chunk.get(name)}
        task |= {"sources": chunk["sources"]} if chunk.get("sources") else {}


def _rich(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


class Streams:
    """The streams that go on, by channel and ts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[tuple[str, str], Stream] = {}

    def begin(self, user: str, display: Display) -> Stream:
        """A new stream, which lives once it is kept."""
        return Stream(user, display, self._clock.now())

    def keep(self, channel: str, ts: str, stream: Stream) -> None:
        self._open[channel, ts] = stream

    def find(self, channel: str, ts: str) -> Stream | None:
        """The stream into this message, if it still goes on."""
        stream = self._open.get((channel, ts))
        if stream is not None and self._clock.now() - stream.started_at >= STREAM_SECONDS:
            del self._open[channel, ts]
            return None
        return stream

    def end(self, channel: str, ts: str) -> None:
        self._open.pop((channel, ts), None)

    def clear(self) -> None:
        self._open.clear()
