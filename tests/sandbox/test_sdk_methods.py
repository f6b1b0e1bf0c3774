"""Slack's own clients as they come: every method the sandbox has by its name in the SDK, and those it has not."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.api.endpoint import METHODS
from tests.sandbox.conftest import TOKEN
from tests.sandbox.installed import Installed, installed
from tests.sandbox.sdk_calls import CLIENT, SAMPLES, Desk, manifest

# Public names of the client that are no method of the Web API.
_HELPERS = {
    "api_call",
    "chat_stream",
    "files_upload_v2",
    "issue_new_access_token",
    "validate_slack_signature",
}

# Arguments of which the client wants one or another.
_ONE_OF_TWO = {"app_id", "channel_id", "emails", "external_id"}

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

pytestmark = [
    # What the client itself warns of, and what it uses of a library that warns of it.
    pytest.mark.filterwarnings("ignore:client.files_upload:UserWarning"),
    pytest.mark.filterwarnings("ignore:.* is deprecated:UserWarning"),
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    with installed(manifest, client_id=CLIENT["client_id"], client_secret=CLIENT["client_secret"]) as running:
        yield running


@pytest.fixture
def desk(running: Installed) -> Desk:
    running.sandbox.reset()
    running.app.reset()
    return Desk(running)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients obey proxy variables even for this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, running: Installed) -> Call:
    """Calls a method of the client by the method's name in Slack; gives what it answers, errors too."""
    url = f"{running.sandbox.base_url}/api/"

    def by_sync(name: str, arguments: dict[str, Any]) -> Any:
        return getattr(WebClient(TOKEN, base_url=url, retry_handlers=[]), python_name(name))(**arguments).data

    def by_async(name: str, arguments: dict[str, Any]) -> Any:
        async def talk() -> Any:
            client = AsyncWebClient(TOKEN, base_url=url, retry_handlers=[])
            return (await getattr(client, python_name(name))(**arguments)).data

        return asyncio.run(talk())

    way = by_sync if request.param == "sync" else by_async

    def try_it(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(way(name, arguments))
        except SlackApiError as error:
            return dict(error.response.data)

    return try_it


def python_name(method: str) -> str:
    return method.replace(".", "_")


def names_in_the_client() -> list[str]:
    """The Web API's methods that the client has, as Slack names them."""
    functions = inspect.getmembers(WebClient, inspect.isfunction)
    return [name.replace("_", ".") for name, _ in functions if name[0] != "_" and name not in _HELPERS]


def anything_for(method: str) -> dict[str, Any]:
    """Some value for every argument that the client insists on."""
    parameters = inspect.signature(getattr(WebClient, python_name(method))).parameters.values()
    named = [p for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    needed = [p for p in named if p.default is p.empty or p.name in _ONE_OF_TWO]
    return {p.name: some_value(p) for p in needed}


def some_value(parameter: inspect.Parameter) -> Any:
    """Where a file can be given by its path, that file would be read: it gets one in memory."""
    if "IOBase" in str(parameter.annotation):
        return BytesIO(b"x")
    return True if "bool" in str(parameter.annotation) else "x"


def test_there_is_a_sample_for_every_method() -> None:
    assert set(SAMPLES) == set(METHODS)
    assert set(METHODS) <= set(names_in_the_client())


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_client_calls_every_method(desk: Desk, call: Call, method: str) -> None:
    sample = SAMPLES[method]
    token = desk.token(sample.token)
    arguments = sample.arguments(desk) | ({"token": token} if token is not None else {})
    answer = call(method, arguments)
    assert (answer.get("error"), answer["ok"]) == (sample.refusal, sample.refusal is None), answer
    row = desk.sandbox.calls(method)[-1]
    assert (row["status"], row["answer"]["ok"]) == (200, answer["ok"])


def test_methods_that_are_not_here_are_unknown(desk: Desk, call: Call) -> None:
    missing = [name for name in names_in_the_client() if name not in METHODS]
    assert len(missing) > 100
    answers = {name: call(name, anything_for(name)) for name in missing}
    assert {name for name, answer in answers.items() if answer["error"] != "unknown_method"} == set()
    assert answers["admin.users.list"]["req_method"] == "admin.users.list"


def test_the_clients_send_json_forms_files_and_queries(desk: Desk, call: Call) -> None:
    answers = [call(method, SAMPLES[method].arguments(desk)) for method in ("users.info", "chat.postMessage")]
    assert [answer["ok"] for answer in answers] == [True, True]
    assert (
        call("files.upload", {"file": BytesIO(b"abc"), "filename": "a.txt"})["error"] == "method_deprecated"
    )
    sent = [
        (row["http_method"], row["headers"].get("content-type", "").partition(";")[0])
        for row in desk.sandbox.calls()
    ]
    form = "application/x-www-form-urlencoded"
    # The synchronous client sends everything by POST, the asynchronous one asks by GET, and in the address.
    assert sent[0] in [("POST", form), ("GET", form)]
    assert sent[1:] == [("POST", "application/json"), ("POST", "multipart/form-data")]
