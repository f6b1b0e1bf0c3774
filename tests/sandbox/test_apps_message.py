"""An ordinary message app, sync and async, over HTTP and Socket Mode, as people talk to it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.people import BOT_USER_ID
from tests.sandbox.running_apps import WAY_NAMES, WAYS, RunningApp, eventually, running_app
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, SandboxClient


@pytest.fixture(scope="module", params=WAYS, ids=WAY_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    style, transport = request.param
    with running_app("message_app", style, transport, tmp_path_factory.mktemp("message_app")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningApp) -> Iterator[SandboxClient]:
    running.sandbox.reset()
    yield running.sandbox
    running.check()


def replies(sandbox: SandboxClient, ts: str, count: int) -> list[dict[str, Any]]:
    """What stands below a message, once there are so many."""

    def enough() -> list[dict[str, Any]]:
        found = sandbox.messages(thread=ts)[1:]
        return found if len(found) >= count else []

    return eventually(enough)


def test_it_answers_a_word_in_the_thread_once_and_not_itself(sandbox: SandboxClient) -> None:
    first = sandbox.post(ADA, "hello everybody")
    (answer,) = replies(sandbox, first["ts"], 1)
    assert answer["text"] == f"hello there, <@{ADA}>!"
    assert answer["user"] == BOT_USER_ID
    # Its own message was told to it as well, and was the last event: nothing may come of it.
    second = sandbox.post(BOB, "hello again")
    replies(sandbox, second["ts"], 1)
    own = [row for row in sandbox.deliveries() if row["payload"]["event"].get("bot_id")]
    assert {row["problem"] for row in own} <= {None}
    assert len(sandbox.messages(thread=first["ts"])) == 2
    assert len(sandbox.calls("chat.postMessage")) == 2


def test_a_pattern_schedules_a_message_that_comes_in_its_time(sandbox: SandboxClient) -> None:
    sandbox.post(ADA, "remind me in 5 minutes to water the plants")
    sandbox.wait_for_message("I will, in 5 minutes.", channel=GENERAL)
    assert all("water" not in message["text"] for message in sandbox.messages()[1:])
    sandbox.skip(5 * 60 + 5)
    reminder = sandbox.wait_for_message("it is time to water the plants", channel=GENERAL)
    assert reminder["text"] == f"<@{ADA}>, it is time to water the plants"


def test_a_mention_gets_a_file_that_can_be_downloaded(running: RunningApp, sandbox: SandboxClient) -> None:
    asked = sandbox.post(CYD, "@chatty the report please")
    (answer,) = replies(sandbox, asked["ts"], 1)
    assert answer["text"] == "Here is your report."
    (file,) = answer["files"]
    assert (file["name"], file["title"]) == ("report.csv", "Report")
    token = {"Authorization": f"Bearer {sandbox.bot_token}"}
    sandbox.scopes([*sandbox.app()["scopes"], "files:read"])
    got = httpx.get(file["url_private_download"], headers=token, trust_env=False)
    assert got.text == "name,count\napples,3\n"
    used = {row["method"] for row in sandbox.calls()}
    assert {"files.getUploadURLExternal", "files.completeUploadExternal"} <= used


def test_a_reaction_is_answered_by_a_reaction_and_a_reply(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "look at this")
    sandbox.react(BOB, posted, "tada")  # not the one it waits for
    sandbox.react(BOB, posted, "eyes")
    (answer,) = replies(sandbox, posted["ts"], 1)
    assert answer["text"] == f"<@{BOB}> is looking at this."
    (message,) = [message for message in sandbox.messages() if message["ts"] == posted["ts"]]
    given = {reaction["name"]: reaction["users"] for reaction in message["reactions"]}
    assert given == {"tada": [BOB], "eyes": [BOB], "wave": [BOT_USER_ID]}


def test_an_edit_is_noticed_and_told_to_its_author_alone(running: RunningApp, sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "one plus one is three")
    sandbox.edit(ADA, posted, "one plus one is two")
    told = running.ephemeral("It was:", ADA, GENERAL)
    assert told["text"] == "It was: one plus one is three. It is: one plus one is two."
    assert told["ephemeral_for"] == ADA
