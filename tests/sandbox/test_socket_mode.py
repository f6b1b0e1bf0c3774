"""Socket Mode over real WebSockets: its frames one by one, and the clients of slack_sdk and Bolt as they come."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.aiohttp import SocketModeClient as AiohttpClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sandbox.manifest import Manifest, SlashCommand
from sandbox.socket_mode import MOST_CONNECTIONS
from tests.sandbox.conftest import TOKEN
from tests.sandbox.installed import APP_TOKEN, Installed, eventually, installed
from tests.sandbox.views import actions, button, modal, option, text_input
from tests.support.sandbox_client import ADA, BOB, GENERAL

ACK_SECONDS = 2.0  # less than Slack's three, and enough for a busy machine
MENU = {"type": "external_select", "action_id": "city", "min_query_length": 0}
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's clients obey proxy variables even for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        return Manifest(
            "Test App",
            bot_name="Test App",
            commands=(SlashCommand("/workflow", url=f"{app_url}/never"),),
            bot_scopes=("channels:history", "chat:write", "commands"),
            bot_events=("message.channels",),
            events_url=f"{app_url}/never",
            socket_mode=True,
        )

    with installed(manifest, ack_seconds=ACK_SECONDS) as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    eventually(lambda: running.parts.socket_mode.count == 0)
    running.sandbox.reset()
    running.app.reset()
    return running


def address(stage: Installed) -> str:
    """A fresh one, as the app gets it."""
    slack = WebClient(base_url=f"{stage.sandbox.base_url}/api/", retry_handlers=[])
    return str(slack.apps_connections_open(app_token=APP_TOKEN)["url"])


@contextmanager
def connected(stage: Installed, extra: str = "") -> Iterator[ClientConnection]:
    """A plain WebSocket that has got its hello."""
    with connect(address(stage) + extra, proxy=None) as socket:
        hello = frame(socket)
        assert hello["type"] == "hello"
        yield socket


def frame(socket: ClientConnection) -> Json:
    received: Json = json.loads(socket.recv(timeout=20))
    return received


def acknowledge(socket: ClientConnection, envelope: Json, payload: Json | None = None) -> None:
    answer = {"envelope_id": envelope["envelope_id"]} | ({"payload": payload} if payload is not None else {})
    socket.send(json.dumps(answer))


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Future[Any]]]:
    """Runs something a person does, whose answer waits for the app."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def test_the_hello_says_how_many_connections_there_are(stage: Installed) -> None:
    with connected(stage), connect(address(stage), proxy=None) as second:
        hello = frame(second)
        assert set(hello) == {"type", "num_connections", "debug_info", "connection_info"}
        assert (hello["num_connections"], hello["connection_info"]) == (2, {"app_id": "A0APP"})
        assert hello["debug_info"]["approximate_connection_time"] == 18060
        assert stage.sandbox.socket_mode() == {"ok": True, "enabled": True, "connections": 2}


def test_a_command_travels_in_an_envelope_and_its_answer_back(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as socket:
        told = meanwhile(stage.sandbox.command, ADA, "/workflow run")
        envelope = frame(socket)
        assert set(envelope) == {"envelope_id", "payload", "type", "accepts_response_payload"}
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert envelope["payload"]["text"] == "run"
        acknowledge(socket, envelope, {"text": "On it.", "response_type": "in_channel"})
        assert told.result()["ok"] is True
    assert stage.sandbox.wait_for_message("On it.")["user"] == "U0BOT"
    row = next(row for row in stage.sandbox.deliveries() if row["kind"] == "command")
    assert (row["transport"], row["kind"], row["status"], row["problem"]) == (
        "socket_mode",
        "command",
        None,
        None,
    )
    assert stage.app.requests == []


def test_interactions_and_options_are_interactive(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    blocks = [actions("row", button("go"), MENU)]
    stage.slack.chat_postMessage(channel=GENERAL, text="Go?", blocks=blocks)
    message = stage.sandbox.wait_for_message("Go?")
    with connected(stage) as socket:
        told = meanwhile(stage.sandbox.click, ADA, "go", message)
        envelope = frame(socket)
        assert (envelope["type"], envelope["payload"]["type"]) == ("interactive", "block_actions")
        acknowledge(socket, envelope)
        assert told.result()["ok"] is True
        told = meanwhile(stage.sandbox.options, ADA, "city", message, "new")
        envelope = frame(socket)
        assert (envelope["type"], envelope["payload"]["value"]) == ("interactive", "new")
        acknowledge(socket, envelope, {"options": [option("new-town")]})
        assert [entry["value"] for entry in told.result()["options"]] == ["new-town"]


def test_an_event_expects_no_payload_and_is_repeated_when_nobody_acknowledges(stage: Installed) -> None:
    with connected(stage) as socket:
        stage.sandbox.post(ADA, "hello")
        first = frame(socket)
        assert (first["type"], first["accepts_response_payload"]) == ("events_api", False)
        assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
        again = frame(socket)
        assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
        assert again["payload"] == first["payload"]
        assert again["envelope_id"] != first["envelope_id"]
        acknowledge(socket, again)
        stage.wait_until_quiet()
        assert [row["problem"] for row in stage.sandbox.deliveries()] == ["timeout", None]


def test_an_event_waits_for_the_app_to_come_back(stage: Installed) -> None:
    stage.sandbox.post(ADA, "hello")
    stage.wait_for_deliveries(2)
    assert [row["problem"] for row in stage.sandbox.deliveries()] == ["connection_failed"] * 2
    with connected(stage) as socket:
        stage.sandbox.skip(61)
        envelope = frame(socket)
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (2, "connection_failed")
        acknowledge(socket, envelope)
        stage.wait_until_quiet()


def test_without_a_connection_a_command_cannot_be_dispatched(stage: Installed) -> None:
    assert stage.sandbox.command(ADA, "/workflow", check=False)["error"] == "dispatch_failed"


def test_a_command_that_is_not_acknowledged_in_time_has_timed_out(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as socket:
        told = meanwhile(stage.sandbox.command, ADA, "/workflow", check=False)
        envelope = frame(socket)
        assert told.result()["error"] == "operation_timeout"
        acknowledge(socket, envelope, {"text": "late"})
        told = meanwhile(stage.sandbox.command, ADA, "/workflow")
        acknowledge(socket, frame(socket))
        assert told.result()["ok"] is True
    assert stage.sandbox.messages(GENERAL, viewer=ADA) == []


def test_a_connection_that_breaks_off_fails_what_was_under_way(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as socket:
        told = meanwhile(stage.sandbox.command, ADA, "/workflow", check=False)
        frame(socket)
        socket.close()
        assert told.result()["error"] == "dispatch_failed"


@pytest.mark.parametrize(
    "nonsense",
    ["no json", "[]", '"text"', "", '{"envelope_id": "unknown"}', '{"envelope_id": 7}', "{}", b"\x00\xff"],
)
def test_frames_without_sense_are_ignored(
    stage: Installed, meanwhile: Callable[..., Future[Any]], nonsense: str | bytes
) -> None:
    with connected(stage) as socket:
        socket.send(nonsense)
        told = meanwhile(stage.sandbox.command, ADA, "/workflow")
        acknowledge(socket, frame(socket))
        assert told.result()["ok"] is True


def test_each_envelope_goes_to_one_connection_and_all_are_used(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    def acknowledge_two(socket: ClientConnection) -> set[str]:
        envelopes = []
        for _ in range(2):
            envelopes.append(frame(socket))
            acknowledge(socket, envelopes[-1])
        return {envelope["envelope_id"] for envelope in envelopes}

    with connected(stage) as first, connected(stage) as second:
        both = [meanwhile(acknowledge_two, socket) for socket in (first, second)]
        for _ in range(4):
            stage.sandbox.command(ADA, "/workflow")
        assert len(both[0].result() | both[1].result()) == 4


def test_an_answer_may_come_over_the_connection_that_took_the_place_of_the_first(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as first:
        told = meanwhile(stage.sandbox.command, ADA, "/workflow run")
        envelope = frame(first)
        with connected(stage) as second:
            acknowledge(second, envelope)
            assert told.result()["ok"] is True


def test_a_ticket_opens_one_connection_and_not_for_long(stage: Installed) -> None:
    url = address(stage)
    with connect(url, proxy=None) as socket:
        assert frame(socket)["type"] == "hello"
    old = address(stage)
    stage.sandbox.skip(31)
    wrong = url.partition("?")[0] + "?ticket=wrong&app_id=A0APP"
    for used in (url, old, wrong):
        with pytest.raises(InvalidStatus) as refusal, connect(used, proxy=None):
            pass
        assert refusal.value.response.status_code == 403


def test_pages_of_other_sites_cannot_connect(stage: Installed) -> None:
    foreign = {"Origin": "https://evil.example"}
    with (
        pytest.raises(InvalidStatus) as refusal,
        connect(address(stage), proxy=None, additional_headers=foreign),
    ):
        pass
    assert refusal.value.response.status_code == 403


def test_another_name_of_this_machine_cannot_be_connected_to(stage: Installed) -> None:
    url = urlsplit(address(stage))
    asked = http.client.HTTPConnection(str(url.hostname), url.port, timeout=20)
    headers = {
        "Host": "evil.example",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    with closing(asked):
        asked.request("GET", f"{url.path}?{url.query}", headers=headers)
        assert asked.getresponse().status == 400


def test_there_are_at_most_ten_connections(stage: Installed) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            stack.enter_context(connected(stage))
        with connect(address(stage), proxy=None) as eleventh:
            goodbye = frame(eleventh)
            assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "too_many_websockets")
            with pytest.raises(ConnectionClosed):
                frame(eleventh)
        assert stage.parts.socket_mode.count == MOST_CONNECTIONS


@pytest.mark.parametrize(("extra", "seconds"), [("", 18060), ("&debug_reconnects=true", 360)])
def test_a_connection_is_warned_and_then_asked_to_come_anew(
    stage: Installed, extra: str, seconds: int
) -> None:
    with connected(stage, extra) as socket:
        stage.sandbox.skip(seconds - 5)
        assert frame(socket)["reason"] == "warning"
        stage.sandbox.skip(6)
        assert frame(socket)["reason"] == "refresh_requested"
        with pytest.raises(ConnectionClosed):
            frame(socket)


def test_a_connection_that_was_warned_gets_nothing_when_there_is_another(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as old:
        stage.sandbox.socket_mode(disconnect="warning")
        assert frame(old)["reason"] == "warning"
        with connected(stage) as new:
            for _ in range(2):
                told = meanwhile(stage.sandbox.command, ADA, "/workflow")
                acknowledge(new, frame(new))
                assert told.result()["ok"] is True


def test_a_delivery_can_be_doubled_and_sent_again(
    stage: Installed, meanwhile: Callable[..., Future[Any]]
) -> None:
    with connected(stage) as socket:
        stage.sandbox.deliver("twice")
        told = meanwhile(stage.sandbox.command, ADA, "/workflow")
        first = frame(socket)
        acknowledge(socket, first)
        second = frame(socket)
        acknowledge(socket, second)
        assert told.result()["ok"] is True
        assert first == second
        stage.sandbox.deliver("once")
        number = stage.sandbox.deliveries()[-1]["number"]
        resent = meanwhile(stage.act, "resend", {"number": number})
        third = frame(socket)
        acknowledge(socket, third)
        assert resent.result()["ok"] is True
        assert third["payload"] == first["payload"]


def test_only_an_app_level_token_opens_a_connection(stage: Installed) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        stage.slack.apps_connections_open(app_token=TOKEN)


def test_an_app_without_socket_mode_is_sent_away() -> None:
    with (
        installed(lambda app_url: Manifest("Test App")) as stage,
        connect(address(stage), proxy=None) as socket,
    ):
        assert frame(socket)["reason"] == "link_disabled"


def test_switching_socket_mode_off_sends_the_app_away(stage: Installed) -> None:
    with connected(stage) as socket:
        stage.sandbox.install({"display_information": {"name": "Test App"}})
        assert frame(socket)["reason"] == "link_disabled"
        with pytest.raises(ConnectionClosed):
            frame(socket)


def test_slacks_synchronous_client_answers_and_comes_back_when_asked(stage: Installed) -> None:
    heard: list[SocketModeRequest] = []

    def listen(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        heard.append(request)
        payload = {"text": "Yes."} if request.type == "slash_commands" else None
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    web = WebClient(TOKEN, base_url=f"{stage.sandbox.base_url}/api/")
    client = SocketModeClient(APP_TOKEN, web_client=web)
    client.socket_mode_request_listeners.append(listen)
    client.connect()
    try:
        stage.sandbox.command(ADA, "/workflow one")
        stage.sandbox.post(ADA, "hello")
        stage.wait_until_quiet()
        opened = len(stage.sandbox.calls("apps.connections.open"))
        stage.sandbox.socket_mode(disconnect="refresh_requested")
        eventually(lambda: len(stage.sandbox.calls("apps.connections.open")) > opened)
        eventually(lambda: stage.parts.socket_mode.count >= 1)
        eventually(lambda: stage.sandbox.command(ADA, "/workflow two", check=False)["ok"])
    finally:
        client.close()
    assert [request.type for request in heard[:2]] == ["slash_commands", "events_api"]
    assert heard[0].accepts_response_payload is True
    assert stage.sandbox.wait_for_message("Yes.", viewer=ADA)


@contextmanager
def in_a_loop(
    start: Callable[[], Coroutine[Any, Any, Callable[[], Coroutine[Any, Any, None]]]],
) -> Iterator[None]:
    """Runs an asynchronous client in a thread of its own; `start` gives what ends it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        end = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_slacks_asynchronous_client_answers(stage: Installed) -> None:
    heard: list[SocketModeRequest] = []

    async def listen(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        heard.append(request)
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, {"text": "Aye."}))

    async def start() -> Callable[[], Coroutine[Any, Any, None]]:
        web = AsyncWebClient(TOKEN, base_url=f"{stage.sandbox.base_url}/api/")
        client = AiohttpClient(APP_TOKEN, web_client=web)
        client.socket_mode_request_listeners.append(listen)
        await client.connect()  # type: ignore[no-untyped-call]  # slack_sdk annotates a part
        return client.close

    with in_a_loop(start):
        stage.sandbox.command(ADA, "/workflow one")
    assert heard[0].payload["text"] == "one"
    assert stage.sandbox.wait_for_message("Aye.", viewer=ADA)


def bolt_app(api_url: str) -> AsyncApp:
    """A command opens a form, a message is answered, and the answer's button replaces it."""
    bolt = AsyncApp(client=AsyncWebClient(TOKEN, base_url=api_url))

    async def on_command(ack: Any, client: Any, body: Json) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("name")))

    async def on_submit(ack: Any, client: Any, view: Json) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name == "nobody":
            await ack(response_action="errors", errors={"name": "Who is that?"})
            return
        await ack()
        blocks = [actions("row", button("approve", value=name))]
        await client.chat_postMessage(channel=GENERAL, text=f"Approve {name}?", blocks=blocks)

    async def on_click(ack: Any, respond: Any, action: Json) -> None:
        await ack()
        await respond(text=f"{action['value']} approved", replace_original=True)

    async def on_message(message: Json, say: Any) -> None:
        await say(f"You said {message['text']}")

    bolt.command("/workflow")(on_command)
    bolt.view("form")(on_submit)
    bolt.action("approve")(on_click)
    bolt.message("hello")(on_message)
    return bolt


def test_a_whole_conversation_with_a_bolt_app(stage: Installed) -> None:
    async def start() -> Callable[[], Coroutine[Any, Any, None]]:
        handler = AsyncSocketModeHandler(bolt_app(f"{stage.sandbox.base_url}/api/"), APP_TOKEN)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # so does slack_bolt
        return handler.close_async

    with in_a_loop(start):
        stage.sandbox.post(BOB, "hello there")
        stage.sandbox.wait_for_message("You said hello there")
        stage.sandbox.command(ADA, "/workflow run")
        view = stage.sandbox.wait_for_view(ADA)
        assert stage.sandbox.submit(ADA, view, {"name": "nobody"})["errors"] == {"name": "Who is that?"}
        stage.sandbox.submit(ADA, view, {"name": "Cyd"})
        stage.sandbox.click(
            BOB, "approve", stage.sandbox.wait_for_message("Approve Cyd?", action_id="approve")
        )
        stage.sandbox.wait_for_message("Cyd approved")
        stage.wait_until_quiet()
    assert {row["transport"] for row in stage.sandbox.deliveries()} == {"socket_mode"}
    assert all(row["problem"] is None for row in stage.sandbox.deliveries())
