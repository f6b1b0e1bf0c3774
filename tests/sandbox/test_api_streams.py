"""Streams: text, tasks and plans that grow in a thread, how long they live, and what is refused meanwhile."""

import asyncio
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.models.messages.chunk import BlocksChunk, MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.calling import Desk
from tests.sandbox.conftest import TOKEN, MovableClock
from tests.sandbox.test_api_chat import code_of, error_of
from tests.sandbox.views import section
from tests.support.sandbox_client import ADA, BOB, GENERAL, OPS, SandboxClient

TEAM = "T0001"


@pytest.fixture
def thread(sandbox: SandboxClient) -> str:
    return str(sandbox.post(ADA, "What now?")["ts"])


def begin(slack: WebClient, thread: str, **more: Any) -> str:
    """A stream in #general; its ts."""
    for_whom = {"recipient_team_id": TEAM, "recipient_user_id": ADA}
    whole = {"channel": GENERAL, "thread_ts": thread} | for_whom | more
    return str(slack.chat_startStream(**whole)["ts"])


def shown(sandbox: SandboxClient, thread: str) -> dict[str, Any]:
    return sandbox.messages(GENERAL, thread=thread)[-1]


def test_text_grows_and_ends(sandbox: SandboxClient, slack: WebClient, thread: str) -> None:
    ts = begin(slack, thread, markdown_text="**One**")
    assert shown(sandbox, thread)["text"] == "**One**"
    slack.chat_appendStream(channel=GENERAL, ts=ts, markdown_text=" two")
    assert shown(sandbox, thread)["blocks"][0] == {"type": "markdown", "text": "**One** two"}
    answer = slack.chat_stopStream(
        channel=GENERAL,
        ts=ts,
        markdown_text=" three",
        blocks=[section("Rate it")],
        metadata={"event_type": "done", "event_payload": {}},
    )
    message = answer["message"]
    assert (message["ts"], message["text"], message["thread_ts"]) == (ts, "**One** two three", thread)
    assert [block["type"] for block in message["blocks"]] == ["markdown", "section"]
    assert message["metadata"]["event_type"] == "done"


def test_slacks_own_helper_streams(sandbox: SandboxClient, slack: WebClient, thread: str) -> None:
    stream = slack.chat_stream(
        channel=GENERAL, thread_ts=thread, recipient_team_id=TEAM, recipient_user_id=ADA, buffer_size=4
    )
    for word in ("Take ", "the ", "steps"):
        stream.append(markdown_text=word)
    stream.stop()
    assert shown(sandbox, thread)["text"] == "Take the steps"


def test_the_asynchronous_helper_streams(
    sandbox: SandboxClient, thread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def talk() -> None:
        slack = AsyncWebClient(TOKEN, base_url=sandbox.base_url + "/api/", retry_handlers=[])
        stream = await slack.chat_stream(
            channel=GENERAL, thread_ts=thread, recipient_team_id=TEAM, recipient_user_id=ADA
        )
        await stream.append(markdown_text="hello")
        await stream.stop()

    asyncio.run(talk())
    assert shown(sandbox, thread)["text"] == "hello"


def test_tasks_stand_between_the_text_in_a_timeline(
    sandbox: SandboxClient, slack: WebClient, thread: str
) -> None:
    first = TaskUpdateChunk(id="a", title="Look", status="in_progress")
    ts = begin(slack, thread, chunks=[MarkdownTextChunk(text="Before"), first])
    done = TaskUpdateChunk(
        id="a",
        title="Looked",
        status="complete",
        output="found it",
        sources=[{"type": "url", "url": "https://example.com", "text": "Here"}],
    )
    slack.chat_appendStream(channel=GENERAL, ts=ts, chunks=[MarkdownTextChunk(text="After"), done])
    blocks = shown(sandbox, thread)["blocks"]
    assert [block["type"] for block in blocks] == ["markdown", "task_card", "markdown"]
    card = blocks[1]
    assert (card["task_id"], card["title"], card["status"]) == ("a", "Looked", "complete")
    assert card["output"]["elements"][0]["elements"][0]["text"] == "found it"
    assert card["sources"][0]["url"] == "https://example.com"


def test_tasks_stand_together_in_a_plan(sandbox: SandboxClient, slack: WebClient, thread: str) -> None:
    ts = begin(slack, thread, task_display_mode="plan")
    chunks: list[Any] = [
        TaskUpdateChunk(id="a", title="One", status="complete"),
        PlanUpdateChunk(title="Release 7"),
        TaskUpdateChunk(id="b", title="Two", status="pending"),
    ]
    slack.chat_appendStream(channel=GENERAL, ts=ts, chunks=chunks)
    (plan,) = shown(sandbox, thread)["blocks"]
    assert (plan["type"], plan["title"]) == ("plan", "Release 7")
    assert [(task["task_id"], task["status"]) for task in plan["tasks"]] == [
        ("a", "complete"),
        ("b", "pending"),
    ]


def test_a_task_of_the_timeline_is_updated_after_a_plan_has_begun(
    sandbox: SandboxClient, slack: WebClient, thread: str
) -> None:
    ts = begin(slack, thread, task_display_mode="timeline")
    task = {"type": "task_update", "id": "1", "title": "Look", "status": "in_progress"}
    for chunk in (task, {"type": "plan_update", "title": "Then"}, task | {"status": "complete"}):
        slack.chat_appendStream(channel=GENERAL, ts=ts, chunks=[chunk])
    tasks = [block for block in shown(sandbox, thread)["blocks"] if block["type"] == "task_card"]
    assert [each["status"] for each in tasks] == ["complete"]


def test_blocks_may_be_streamed(sandbox: SandboxClient, slack: WebClient, thread: str) -> None:
    begin(slack, thread, chunks=[BlocksChunk(blocks=[section("*Hi*")])])
    assert shown(sandbox, thread)["blocks"][0]["text"]["text"] == "*Hi*"


def test_a_stream_lives_five_minutes_whatever_is_appended(
    slack: WebClient, thread: str, clock: MovableClock
) -> None:
    ts = begin(slack, thread, markdown_text="a")
    clock.skip(290)
    slack.chat_appendStream(channel=GENERAL, ts=ts, markdown_text="b")
    clock.skip(11)
    late = {"channel": GENERAL, "ts": ts, "markdown_text": "c"}
    assert code_of(slack.chat_appendStream, **late) == "message_not_in_streaming_state"
    assert code_of(slack.chat_stopStream, **late) == "message_not_in_streaming_state"
    assert slack.chat_update(channel=GENERAL, ts=ts, text="at last")["text"] == "at last"


def test_a_streaming_message_cannot_be_updated(slack: WebClient, thread: str) -> None:
    ts = begin(slack, thread, markdown_text="a")
    assert code_of(slack.chat_update, channel=GENERAL, ts=ts, text="b") == "streaming_state_conflict"
    slack.chat_stopStream(channel=GENERAL, ts=ts)
    assert slack.chat_update(channel=GENERAL, ts=ts, text="b")["ok"]


def test_a_message_that_never_streamed_takes_no_chunks(
    sandbox: SandboxClient, slack: WebClient, thread: str
) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a")["ts"]
    more = {"channel": GENERAL, "markdown_text": "b"}
    assert code_of(slack.chat_appendStream, ts=ts, **more) == "message_not_in_streaming_state"
    assert code_of(slack.chat_appendStream, ts=thread, **more) == "message_not_owned_by_app"
    assert code_of(slack.chat_appendStream, ts="1700000000.000001", **more) == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"recipient_team_id": None}, "missing_recipient_team_id"),
        ({"recipient_user_id": None}, "missing_recipient_user_id"),
        ({"recipient_team_id": "T9"}, "team_not_found"),
        ({"recipient_user_id": "U404"}, "user_not_found"),
        ({"thread_ts": "1"}, "invalid_thread_ts"),
        ({"thread_ts": "1700000000.000001"}, "thread_not_found"),
        ({"channel": "C404"}, "channel_not_found"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"task_display_mode": "gantt"}, "invalid_arguments"),
        ({"markdown_text": "\n".join("# x" for _ in range(51))}, "msg_blocks_too_long"),
    ],
)
def test_starting_is_refused(slack: WebClient, thread: str, arguments: dict[str, Any], error: str) -> None:
    whole = {"channel": GENERAL, "thread_ts": thread, "recipient_team_id": TEAM, "recipient_user_id": ADA}
    assert code_of(slack.chat_startStream, **(whole | arguments)) == error


@pytest.mark.parametrize(
    ("chunk", "pointer"),
    [
        ("text", "/chunks/0"),
        ({"type": "song"}, "/chunks/0/type"),
        ({"type": "markdown_text"}, "/chunks/0"),
        ({"type": "plan_update", "title": ""}, "/chunks/0"),
        ({"type": "task_update", "id": "a"}, "/chunks/0"),
        ({"type": "task_update", "id": "a", "title": "A", "status": "completed"}, "/chunks/0/status"),
        ({"type": "task_update", "id": "a", "title": "A", "details": "x" * 257}, "/chunks/0/details"),
        ({"type": "task_update", "id": "a", "title": "A", "output": 7}, "/chunks/0/output"),
        ({"type": "task_update", "id": "a", "title": "A", "sources": [{"url": "x"}]}, "/chunks/0/sources"),
        ({"type": "blocks", "blocks": [{"type": "sectoin"}]}, "/chunks/0/blocks/0/type"),
    ],
)
def test_wrong_chunks_are_refused_and_change_nothing(
    sandbox: SandboxClient, slack: WebClient, thread: str, chunk: Any, pointer: str
) -> None:
    ts = begin(slack, thread, markdown_text="a")
    call = {"api_method": "chat.appendStream", "json": {"channel": GENERAL, "ts": ts, "chunks": [chunk]}}
    refusal = error_of(slack.api_call, **call)
    assert refusal["error"] == "invalid_chunks"
    assert f"[json-pointer:{pointer}]" in refusal["response_metadata"]["messages"][0]
    assert shown(sandbox, thread)["text"] == "a"


def test_appending_nothing_is_refused(slack: WebClient, thread: str) -> None:
    ts = begin(slack, thread)
    assert code_of(slack.chat_appendStream, channel=GENERAL, ts=ts) == "no_text"
    assert code_of(slack.chat_stopStream, channel=GENERAL, ts=ts) == "no_text"
    long = "x" * 12_000
    slack.chat_appendStream(channel=GENERAL, ts=ts, markdown_text=long)
    assert code_of(slack.chat_appendStream, channel=GENERAL, ts=ts, markdown_text="y") == "msg_too_long"


def test_streams_are_the_bots() -> None:
    desk = Desk()
    thread = desk.post(ADA, "hi")
    started = desk.call(
        "chat.startStream", channel=GENERAL, thread_ts=thread, recipient_team_id=TEAM, recipient_user_id=ADA
    )
    assert desk.refusal("chat.startStream", channel=OPS, thread_ts=thread) == "missing_recipient_team_id"
    assert (
        desk.refusal("chat.update", ADA, channel=GENERAL, ts=started["ts"], text="x") == "cant_update_message"
    )


# What an assistant says of a thread


def test_a_status_is_shown_until_the_app_says_something_or_two_minutes_are_over() -> None:
    desk = Desk()
    thread = desk.post(ADA, "hi")
    told = {"channel_id": GENERAL, "thread_ts": thread, "status": "is thinking..."}
    state = desk.sandbox.assistant
    desk.call("assistant.threads.setStatus", **told, loading_messages=["Counting sheep"])
    assert state.status(GENERAL, thread) == "is thinking..."
    desk.clock.time += 119
    assert state.status(GENERAL, thread) == "is thinking..."
    desk.clock.time += 2
    assert state.status(GENERAL, thread) == ""
    desk.call("assistant.threads.setStatus", **told)
    desk.clock.time += 1
    desk.call("chat.postMessage", channel=GENERAL, thread_ts=thread, text="42")
    assert state.status(GENERAL, thread) == ""
    desk.call("assistant.threads.setStatus", **(told | {"status": ""}))
    assert state.status(GENERAL, thread) == ""


def test_slacks_client_sets_status_title_and_prompts(
    sandbox: SandboxClient, slack: WebClient, thread: str
) -> None:
    sandbox.scopes(["chat:write", "assistant:write"])
    slack.assistant_threads_setStatus(channel_id=GENERAL, thread_ts=thread, status="is thinking...")
    where = {"channel": GENERAL, "thread": thread}
    told = httpx.get(f"{sandbox.base_url}/control/messages", params=where, trust_env=False).json()
    assert told["status"] == "is thinking..."
    slack.assistant_threads_setTitle(channel_id=GENERAL, thread_ts=thread, title="Holiday")
    prompts = [{"title": "Where?", "message": "Where shall we go?"}]
    set_prompts = slack.assistant_threads_setSuggestedPrompts
    set_prompts(channel_id=GENERAL, thread_ts=thread, prompts=prompts, title="Ask")
    refusal = error_of(set_prompts, channel_id=GENERAL, thread_ts="1.2", prompts=prompts)
    assert (refusal["error"], refusal["detail"]) == ("invalid_thread_ts", "Thread not found")
    refusal = error_of(set_prompts, channel_id="C404", thread_ts=thread, prompts=prompts)
    assert (refusal["error"], refusal["detail"]) == ("channel_not_found", "Invalid channel_id")
    for wrong in ([], prompts * 5, [{"title": "x"}]):
        error = code_of(set_prompts, channel_id=GENERAL, thread_ts=thread, prompts=wrong)
        assert error == "invalid_arguments"
    loading = {"status": "x", "loading_messages": ["m"] * 11}
    set_status = slack.assistant_threads_setStatus
    assert code_of(set_status, channel_id=GENERAL, thread_ts=thread, **loading) == "invalid_arguments"


def test_an_agents_session_has_a_state_and_keeps_its_first_title(slack: WebClient, thread: str) -> None:
    where = {"channel_id": GENERAL, "thread_ts": thread}
    set_status = slack.agents_sessions_setStatus
    first = set_status(**where, status="processing", title="Diving", initiator_user_id=BOB).data
    assert isinstance(first, dict)
    assert (first["status"], first["agent_status"], first["title"]) == ("processing", "processing", "Diving")
    assert set_status(**where, status="closed", title="Other")["title"] == "Diving"
    ts = begin(slack, thread, markdown_text="a")
    wrong = {"channel": GENERAL, "ts": ts, "session_status": "done"}
    assert code_of(slack.chat_stopStream, **wrong) == "invalid_status"
    assert slack.chat_stopStream(channel=GENERAL, ts=ts, session_status="suspended")["ok"]
    assert code_of(set_status, **where, status="done") == "invalid_status"
    assert code_of(set_status, channel_id=GENERAL, status="active") == "thread_ts_required"
    assert code_of(set_status, channel_id="C404", status="active") == "channel_not_found"
    assert code_of(set_status, **where, status="active", initiator_user_id="U404") == "user_not_found"
    assert code_of(set_status, **where, status="active", title="x" * 201) == "invalid_arguments"
