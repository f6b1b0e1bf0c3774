"""What the sandbox sends has the keys of Slack's published samples: all that are needed, and none invented."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.elements import CLICKABLE_TYPES
from sandbox.event_types import EVENT_SCOPES
from sandbox.manifest import AppFunction, Manifest, Shortcut, SlashCommand
from tests.sandbox import published_keys as published
from tests.sandbox.calling import EVERY_SCOPE
from tests.sandbox.installed import Installed, installed
from tests.sandbox.published_keys import Keys
from tests.sandbox.valid_samples import HOME, MESSAGE, MODAL, rich
from tests.sandbox.views import actions, button, modal, section, text_input
from tests.support.sandbox_client import ADA, BOB, GENERAL

Json = dict[str, Any]

SUBSCRIBED = (
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "channel_created",
    "channel_rename",
    "file_shared",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "pin_added",
    "reaction_added",
    "reaction_removed",
)
STEP = AppFunction("greet", "Greet", "Says hello", {"name": {"type": "string"}}, {"text": {"type": "string"}})

# What somebody chooses in each element that keeps a value.
CHOICES: dict[str, Any] = {
    "overflow": "two",
    "static_select": "one",
    "external_select": "one",
    "users_select": BOB,
    "channels_select": GENERAL,
    "conversations_select": GENERAL,
    "multi_static_select": ["one"],
    "multi_external_select": ["one"],
    "multi_users_select": [BOB],
    "multi_channels_select": [GENERAL],
    "multi_conversations_select": [GENERAL],
    "checkboxes": ["one"],
    "radio_buttons": "two",
    "datepicker": "2026-12-24",
    "timepicker": "10:30",
    "datetimepicker": 1795356060,
    "plain_text_input": "hello",
    "email_text_input": "bob@example.com",
    "url_text_input": "https://example.com/other",
    "number_input": "2",
    "rich_text_input": rich(),
    "feedback_buttons": "good",
}
NOT_TOLD = {"workflow_button", "file_input"}  # the one starts a workflow, the other dispatches nothing


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        address = f"{app_url}/slack/events"
        event_scopes = {scope for event in SUBSCRIBED for scope in EVENT_SCOPES[event]}
        return Manifest(
            "Test App",
            bot_name="Test App",
            commands=(SlashCommand("/do", url=address),),
            shortcuts=(Shortcut("Start", "global", "start"), Shortcut("Note", "message", "note")),
            functions=(STEP,),
            home_tab=True,
            messages_tab=True,
            bot_scopes=tuple(sorted(event_scopes | EVERY_SCOPE)),
            bot_events=SUBSCRIBED,
            events_url=address,
            actions_url=address,
            options_url=address,
        )

    with installed(manifest, app_name="Test App", limits="off") as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def check(sent: Mapping[str, Any], keys: Keys, *also: str) -> None:
    """All needed keys are there, and no unknown ones."""
    assert keys.needed - set(sent) == set(), f"missing, see {keys.source}"
    assert set(sent) - keys.known - set(also) == set(), f"invented, see {keys.source}"


def check_envelope(payload: Json) -> None:
    check(payload["team"], published.TEAM)
    check(payload["user"], published.USER)


def open_modal(stage: Installed, *blocks: Json, **more: Any) -> Json:
    """The app opens a modal for Ada, who typed its command."""
    stage.sandbox.command(ADA, "/do it")
    trigger = stage.app.last("command")["trigger_id"]
    view: Json = stage.slack.views_open(trigger_id=trigger, view=modal(*blocks, **more))["view"]
    return view


def say(stage: Installed, *blocks: Json) -> Json:
    """A message of the app, with its channel and ts."""
    data = stage.slack.chat_postMessage(channel=GENERAL, text="x", blocks=list(blocks)).data
    assert isinstance(data, dict)
    return data


def test_a_slash_command(stage: Installed) -> None:
    stage.sandbox.command(ADA, "/do it")
    check(stage.app.last("command"), published.COMMAND)


IN_MESSAGE = [name for name in MESSAGE if name.startswith("actions ") and name.split()[1] not in NOT_TOLD]


@pytest.mark.parametrize("name", [*IN_MESSAGE, "input plain_text_input"])
def test_an_action_in_a_message(stage: Installed, name: str) -> None:
    kind = name.split()[1]
    stage.sandbox.click(ADA, kind, say(stage, MESSAGE[name]), value=CHOICES.get(kind))
    payload = stage.app.last("block_actions")
    check(payload, published.BLOCK_ACTIONS_IN_MESSAGE)
    check_envelope(payload)
    check(payload["container"], published.MESSAGE_CONTAINER)
    check(payload["message"], published.MESSAGE)
    assert set(payload["channel"]) == {"id", "name"}
    (entry,) = payload["actions"]
    check(entry, published.ACTIONS[kind])


@pytest.mark.parametrize("kind", ["feedback_buttons", "icon_button"])
def test_an_action_of_a_context_button(stage: Installed, kind: str) -> None:
    message = say(stage, MESSAGE["context_actions"])
    stage.sandbox.click(ADA, kind, message, value=CHOICES.get(kind))
    check(stage.app.last("block_actions")["actions"][0], published.ACTIONS[kind])


IN_MODAL = [name for name in MODAL if name.startswith("input ") and name.split()[1] not in NOT_TOLD]


@pytest.mark.parametrize("name", IN_MODAL)
def test_an_action_in_a_modal(stage: Installed, name: str) -> None:
    kind = name.split()[1]
    view = open_modal(stage, MODAL[name])
    stage.sandbox.click(ADA, kind, view, value=CHOICES[kind])
    payload = stage.app.last("block_actions")
    check(payload, published.BLOCK_ACTIONS_IN_VIEW)
    check_envelope(payload)
    check(payload["container"], published.VIEW_CONTAINER)
    check(payload["view"], published.VIEW)
    check(payload["actions"][0], published.ACTIONS[kind])


def test_every_element_that_tells_the_app_something_was_looked_at() -> None:
    looked_at = {name.split()[1] for name in [*IN_MESSAGE, *IN_MODAL]} | {"feedback_buttons", "icon_button"}
    assert looked_at == CLICKABLE_TYPES - NOT_TOLD
    assert looked_at == set(published.ACTIONS)


def test_a_workflow_button_tells_the_app_nothing(stage: Installed) -> None:
    message = say(stage, MESSAGE["actions workflow_button"])
    answer = stage.sandbox.click(ADA, "workflow_button", message, check=False)
    assert answer["error"] == "starts_a_workflow"
    assert not [request for request in stage.app.requests if request.kind == "block_actions"]


def test_an_action_in_a_home_tab(stage: Installed) -> None:
    stage.slack.views_publish(user_id=ADA, view={"type": "home", "blocks": [HOME["section button"]]})
    home = stage.sandbox.home(ADA)
    assert home is not None
    stage.sandbox.click(ADA, "button", home)
    payload = stage.app.last("block_actions")
    check(payload, published.BLOCK_ACTIONS_IN_VIEW)
    check(payload["view"], published.VIEW)


def test_an_action_in_an_ephemeral_message_tells_only_a_part_of_it(stage: Installed) -> None:
    blocks = [actions("a", button("go"))]
    ts = stage.slack.chat_postEphemeral(channel=GENERAL, user=ADA, text="x", blocks=blocks)["message_ts"]
    stage.sandbox.click(ADA, "go", {"channel": GENERAL, "ts": ts})
    payload = stage.app.last("block_actions")
    check(payload, published.BLOCK_ACTIONS_IN_MESSAGE)
    assert payload["container"]["is_ephemeral"] is True
    assert "blocks" not in payload["message"]


def test_an_action_of_a_custom_step(stage: Installed) -> None:
    stage.act("function", {"user": ADA, "callback_id": "greet", "inputs": {"name": "Bob"}})
    token = stage.wait_for("function_executed")[-1].payload["event"]["bot_access_token"]
    posted = stage.slack.chat_postMessage(
        token=token, channel=GENERAL, text="x", blocks=[actions("a", button("go"))]
    )
    stage.sandbox.click(ADA, "go", {"channel": GENERAL, "ts": posted["ts"]})
    payload = stage.app.last("block_actions")
    check(payload, published.BLOCK_ACTIONS_IN_MESSAGE)
    assert set(payload["function_data"]) == {"execution_id", "function", "inputs"}
    assert set(payload["interactivity"]) == {"interactor", "interactivity_pointer"}
    assert set(payload["interactivity"]["interactor"]) == {"id", "secret"}


def test_a_submission(stage: Installed) -> None:
    menu = {"type": "conversations_select", "action_id": "to", "response_url_enabled": True}
    where = text_input("where") | {"element": menu}
    view = open_modal(stage, text_input("name"), where)
    stage.sandbox.submit(ADA, view, {"name": "x", "where": GENERAL})
    payload = stage.app.last("view_submission")
    check(payload, published.VIEW_SUBMISSION)
    check_envelope(payload)
    check(payload["view"], published.VIEW)
    (address,) = payload["response_urls"]
    assert set(address) == {"block_id", "action_id", "channel_id", "response_url"}


def test_a_closed_view(stage: Installed) -> None:
    view = open_modal(stage, notify_on_close=True)
    stage.sandbox.close(ADA, view)
    payload = stage.app.last("view_closed")
    check(payload, published.VIEW_CLOSED)
    check(payload["view"], published.VIEW)


def test_the_question_for_options(stage: Installed) -> None:
    stage.app.answer_json("block_suggestion", {"options": []})
    stage.sandbox.options(ADA, "external_select", say(stage, MESSAGE["actions external_select"]), "dep")
    in_message = stage.app.last("block_suggestion")
    stage.sandbox.options(ADA, "external_select", open_modal(stage, MODAL["input external_select"]), "dep")
    in_view = stage.app.last("block_suggestion")
    for payload in (in_message, in_view):
        check(payload, published.BLOCK_SUGGESTION)
        check_envelope(payload)
    assert {"channel", "message"} <= set(in_message)
    assert "view" in in_view
    assert not {"channel", "message"} & set(in_view)


def test_shortcuts(stage: Installed) -> None:
    stage.sandbox.shortcut(ADA, "start")
    payload = stage.app.last("shortcut")
    check(payload, published.SHORTCUT)
    assert set(payload["user"]) == {"id", "username", "team_id"}
    stage.sandbox.shortcut(ADA, "note", stage.sandbox.post(BOB, "look"))
    payload = stage.app.last("message_action")
    check(payload, published.MESSAGE_ACTION)
    check(payload["user"], published.USER)
    check(payload["message"], published.MESSAGE)


def cause_events(stage: Installed) -> None:
    """Let everything happen that the app hears of."""
    here = stage.sandbox.post(ADA, "@test_app hello")
    stage.sandbox.edit(ADA, here, "hello again")
    stage.sandbox.react(BOB, here, "wave")
    stage.slack.reactions_add(channel=GENERAL, timestamp=here["ts"], name="eyes")
    stage.slack.reactions_remove(channel=GENERAL, timestamp=here["ts"], name="eyes")
    stage.sandbox.pin(ADA, here)
    stage.sandbox.delete(ADA, here)
    stage.sandbox.upload(ADA, "a.txt", b"hello", channel=GENERAL)
    stage.sandbox.open_home(ADA)
    made = stage.slack.conversations_create(name="new-one")["channel"]["id"]
    stage.sandbox.join(ADA, made)
    stage.sandbox.leave(ADA, made)
    stage.slack.conversations_rename(channel=made, name="newer-one")
    stage.slack.conversations_archive(channel=made)
    stage.act("function", {"user": ADA, "callback_id": "greet", "inputs": {"name": "Bob"}})


def test_every_event_in_its_wrapper(stage: Installed) -> None:
    cause_events(stage)
    for kind, keys in published.EVENTS.items():
        for request in stage.wait_for(kind):
            wrapper = request.payload
            check(wrapper, published.WRAPPER)
            check(wrapper["authorizations"][0], published.AUTHORIZATION)
            check(wrapper["event"], keys)
    step = stage.wait_for("function_executed")[0].payload["event"]
    check(step["function"], published.FUNCTION)


def test_every_subscribable_event_that_is_caused_has_its_keys_noted() -> None:
    named = {name.partition(".")[0] for name in SUBSCRIBED} | {"function_executed"}
    assert named == set(published.EVENTS)


def test_answers_of_methods_and_what_is_in_them(stage: Installed) -> None:
    slack = stage.slack
    posted = say(stage, section("x"))
    ts = posted["ts"]
    slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=ts)
    calls: dict[str, Json] = {
        "auth.test": {},
        "chat.postMessage": {"channel": GENERAL, "text": "x"},
        "chat.update": {"channel": GENERAL, "ts": ts, "text": "y"},
        "chat.postEphemeral": {"channel": GENERAL, "user": ADA, "text": "x"},
        "chat.getPermalink": {"channel": GENERAL, "message_ts": ts},
        "chat.scheduleMessage": {"channel": GENERAL, "text": "x", "post_at": 1_999_999_999},
        "conversations.info": {"channel": GENERAL},
        "conversations.list": {},
        "conversations.members": {"channel": GENERAL},
        "conversations.history": {"channel": GENERAL},
        "conversations.replies": {"channel": GENERAL, "ts": ts},
        "conversations.open": {"users": ADA, "return_im": True},
        "users.info": {"user": ADA, "include_locale": True},
        "users.list": {},
        "usergroups.list": {"include_users": True, "include_count": True},
        "usergroups.users.list": {"usergroup": slack.usergroups_list()["usergroups"][0]["id"]},
        "reactions.add": {"channel": GENERAL, "timestamp": ts, "name": "wave"},
        "reactions.get": {"channel": GENERAL, "timestamp": ts},
        "pins.add": {"channel": GENERAL, "timestamp": ts},
        "bots.info": {"bot": posted["message"]["bot_id"]},
        "team.info": {},
        "emoji.list": {},
        "chat.delete": {"channel": GENERAL, "ts": slack.chat_postMessage(channel=GENERAL, text="z")["ts"]},
    }
    if (email := slack.users_info(user=ADA)["user"]["profile"].get("email")) is not None:
        calls["users.lookupByEmail"] = {"email": email}
    assert set(calls) == set(published.ANSWERS)
    answers = {}
    for method, arguments in calls.items():
        # A time in the far future is refused; the next day is not.
        if method == "chat.scheduleMessage":
            arguments["post_at"] = int(stage.parts.clock.now()) + 86_400
        answer = slack.api_call(method, params=arguments).data
        assert isinstance(answer, dict)
        answers[method] = answer
        check(answer, published.ANSWERS[method], "ok")
    check_objects(answers)


def check_objects(answers: dict[str, Json]) -> None:
    for method in ("chat.postMessage", "chat.update"):
        message = answers[method]["message"]
        check(message, published.MESSAGE)
        assert set(published.POSTED_MESSAGE.split()) <= set(message)
        check(message["bot_profile"], published.BOT_PROFILE)
    for message in [
        *answers["conversations.history"]["messages"],
        *answers["conversations.replies"]["messages"],
    ]:
        check(message, published.MESSAGE)
    check(answers["conversations.info"]["channel"], published.OBJECTS["channel"])
    for channel in answers["conversations.list"]["channels"]:
        check(channel, published.OBJECTS["direct message" if channel["is_im"] else "channel"])
    check(answers["conversations.open"]["channel"], published.OBJECTS["direct message"])
    for user in [answers["users.info"]["user"], *answers["users.list"]["members"]]:
        check(user, published.OBJECTS["user"])
        check(user["profile"], published.PROFILE)
    for group in answers["usergroups.list"]["usergroups"]:
        check(group, published.OBJECTS["usergroup"])
    check(answers["bots.info"]["bot"], published.OBJECTS["bot"])
    check(answers["team.info"]["team"], published.OBJECTS["team"])


def test_answers_of_views(stage: Installed) -> None:
    view = open_modal(stage)
    check(view, published.VIEW)
    for answer in (
        stage.slack.views_update(view_id=view["id"], view=modal()),
        stage.slack.views_publish(user_id=ADA, view={"type": "home", "blocks": [section("x")]}),
    ):
        assert set(answer.data) == {"ok", "view"}
        check(answer["view"], published.VIEW)


def test_a_thread_parent_gains_what_slack_adds(stage: Installed) -> None:
    parent = say(stage, section("x"))
    stage.slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent["ts"])
    first, reply = stage.slack.conversations_replies(channel=GENERAL, ts=parent["ts"])["messages"]
    assert first["thread_ts"] == first["ts"]
    assert {"reply_count", "reply_users_count", "reply_users", "latest_reply"} <= set(first)
    assert {"thread_ts", "parent_user_id"} <= set(reply)
    assert json.dumps(first)
