"""One right call for every method of the sandbox, with what has to be there before it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import httpx

from sandbox.manifest import AppFunction, Manifest, SlashCommand
from sandbox.people import APP_ID, BOT_ID, TEAM_ID
from sandbox.types import Json
from tests.sandbox.calling import EVERY_SCOPE
from tests.sandbox.fake_app import SECRET
from tests.sandbox.installed import APP_TOKEN, Installed
from tests.sandbox.views import modal, section
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL

CLIENT = {"client_id": "111.222", "client_secret": SECRET}
BACK = "http://localhost:9/back"
LINK = "https://acme.example/page"
HOME = {"type": "home", "blocks": [section("Welcome")]}

TokenKind: TypeAlias = Literal["bot", "user", "app", "config"]


def manifest(app_url: str) -> Manifest:
    """An app that may do everything. Its tokens rotate, as oauth.v2.exchange is only for those that do."""
    url = f"{app_url}/slack/events"
    return Manifest(
        "Everything",
        bot_name="everything",
        commands=(SlashCommand("/go", url=url),),
        functions=(AppFunction("greet", "Greet", output_parameters={"words": {"type": "string"}}),),
        home_tab=True,
        bot_scopes=(*sorted(EVERY_SCOPE), "links:read"),
        user_scopes=tuple(sorted(EVERY_SCOPE)),
        redirect_urls=(BACK,),
        bot_events=("link_shared", "message.channels"),
        events_url=url,
        actions_url=url,
        token_rotation=True,
        unfurl_domains=("acme.example",),
        is_assistant=True,
        document=DOCUMENT,
    )


DOCUMENT: Json = {"display_information": {"name": "Everything"}}


class Desk:
    """What the calls need, made on demand in a running sandbox."""

    def __init__(self, running: Installed) -> None:
        self.running = running
        self.slack = running.slack
        self.sandbox = running.sandbox

    def said(self, **more: Any) -> str:
        """A message of the app; its ts."""
        return str(self.slack.chat_postMessage(channel=GENERAL, text="here", **more)["ts"])

    def asked(self) -> str:
        """A message of a person; its ts."""
        return str(self.sandbox.post(ADA, "What now?")["ts"])

    def trigger(self) -> str:
        self.sandbox.command(ADA, "/go")
        return str(self.running.app.last("command")["trigger_id"])

    def view(self) -> str:
        return str(self.slack.views_open(trigger_id=self.trigger(), view=modal())["view"]["id"])

    def trigger_in_view(self) -> str:
        """From the submission of a modal, which stays open behind what is pushed."""
        view = self.view()
        self.running.app.answer_json(
            "view_submission", {"response_action": "errors", "errors": {"name": "No"}}
        )
        self.sandbox.submit(ADA, view, {"name": "x"})
        return str(self.running.app.last("view_submission")["trigger_id"])

    def channel(self) -> str:
        return str(self.slack.conversations_create(name="new-place")["channel"]["id"])

    def dm(self) -> str:
        return str(self.slack.conversations_open(users=ADA)["channel"]["id"])

    def archived(self) -> str:
        channel = self.channel()
        self.slack.conversations_archive(channel=channel)
        return channel

    def with_bob(self) -> str:
        channel = self.channel()
        self.slack.conversations_invite(channel=channel, users=[BOB])
        return channel

    def upload(self) -> str:
        """A file whose content is there, but which is nowhere yet."""
        ticket = self.slack.files_getUploadURLExternal(filename="a.txt", length=3)
        assert httpx.post(ticket["upload_url"], content=b"abc", trust_env=False).status_code == 200
        return str(ticket["file_id"])

    def file(self) -> str:
        file = self.upload()
        self.slack.files_completeUploadExternal(files=[{"id": file}], channel_id=GENERAL)
        return file

    def group(self) -> str:
        return str(self.slack.usergroups_create(name="Bakers", handle="bakers")["usergroup"]["id"])

    def bookmark(self) -> str:
        made = self.slack.bookmarks_add(channel_id=GENERAL, title="Page", type="link", link=LINK)
        return str(made["bookmark"]["id"])

    def scheduled(self) -> str:
        later = self.slack.chat_scheduleMessage(channel=GENERAL, post_at=in_an_hour(), text="later")
        return str(later["scheduled_message_id"])

    def stream(self) -> str:
        begun = self.slack.chat_startStream(channel=GENERAL, thread_ts=self.asked(), **READER)
        return str(begun["ts"])

    def step(self) -> str:
        return str(self.sandbox.start_function(ADA, "greet")["id"])

    def link(self) -> Json:
        """Where a link is that the app was told of."""
        posted = self.sandbox.post(ADA, LINK)
        self.running.wait_for("link_shared")
        return {"channel": posted["channel"], "ts": posted["ts"]}

    def event_context(self) -> str:
        self.asked()
        return str(self.running.wait_for("message")[-1].payload["event_context"])

    def code(self, path: str = "/oauth/v2/authorize", **asked: str) -> str:
        """What Ada's consent gives."""
        query = {"client_id": CLIENT["client_id"], "redirect_uri": BACK, **asked}
        form = {"user": ADA, "decision": "allow"}
        url = self.sandbox.base_url + path
        answer = httpx.post(url, params=query, data=form, trust_env=False)
        return httpx.URL(answer.headers["location"]).params["code"]

    def user_token(self) -> str:
        code = self.code(user_scope=",".join(sorted(EVERY_SCOPE)))
        answer = self.slack.oauth_v2_access(**CLIENT, code=code, redirect_uri=BACK)
        return str(answer["authed_user"]["access_token"])

    def sign_in_code(self) -> str:
        return self.code("/openid/connect/authorize", scope="openid email", response_type="code")

    def token(self, kind: TokenKind) -> str | None:
        """None is the client's own."""
        match kind:
            case "user":
                return self.user_token()
            case "app":
                return APP_TOKEN
            case "config":
                return str(self.sandbox.app()["config_token"])
        return None


def in_an_hour() -> int:
    return int(time.time()) + 3600


READER: Json = {"recipient_team_id": TEAM_ID, "recipient_user_id": ADA}


@dataclass(frozen=True)
class Sample:
    """`arguments` are those of the client's method. `refusal` is what Slack answers even to a right call."""

    arguments: Callable[[Desk], Json] = field(default=lambda desk: {})
    token: TokenKind = "bot"
    refusal: str | None = None


def _in(channel: str = GENERAL, **more: Any) -> Sample:
    return Sample(lambda desk: {"channel": channel, **more})


SAMPLES: dict[str, Sample] = {
    "agents.sessions.setStatus": Sample(
        lambda desk: {"channel_id": GENERAL, "thread_ts": desk.asked(), "status": "processing"}
    ),
    "api.test": Sample(),
    "apps.connections.open": Sample(lambda desk: {"app_token": APP_TOKEN}),
    "apps.event.authorizations.list": Sample(lambda desk: {"event_context": desk.event_context()}, "app"),
    "apps.manifest.export": Sample(lambda desk: {"app_id": APP_ID}, "config"),
    "apps.manifest.validate": Sample(lambda desk: {"manifest": DOCUMENT}, "config"),
    "apps.uninstall": Sample(lambda desk: CLIENT),
    "assistant.threads.setStatus": Sample(
        lambda desk: {"channel_id": GENERAL, "thread_ts": desk.asked(), "status": "is thinking"}
    ),
    "assistant.threads.setSuggestedPrompts": Sample(
        lambda desk: {
            "channel_id": GENERAL,
            "thread_ts": desk.asked(),
            "prompts": [{"title": "Go", "message": "Go on"}],
        }
    ),
    "assistant.threads.setTitle": Sample(
        lambda desk: {"channel_id": GENERAL, "thread_ts": desk.asked(), "title": "Plans"}
    ),
    "auth.revoke": Sample(lambda desk: {"test": True}),
    "auth.teams.list": Sample(),
    "auth.test": Sample(),
    "blocks.validate": Sample(lambda desk: {"blocks": [section("fine")]}),
    "bookmarks.add": Sample(
        lambda desk: {"channel_id": GENERAL, "title": "Page", "type": "link", "link": LINK}
    ),
    "bookmarks.edit": Sample(
        lambda desk: {"channel_id": GENERAL, "bookmark_id": desk.bookmark(), "title": "Other"}
    ),
    "bookmarks.list": Sample(lambda desk: {"channel_id": GENERAL}),
    "bookmarks.remove": Sample(lambda desk: {"channel_id": GENERAL, "bookmark_id": desk.bookmark()}),
    "bots.info": Sample(lambda desk: {"bot": BOT_ID}),
    "chat.appendStream": Sample(
        lambda desk: {"channel": GENERAL, "ts": desk.stream(), "markdown_text": "more"}
    ),
    "chat.delete": Sample(lambda desk: {"channel": GENERAL, "ts": desk.said()}),
    "chat.deleteScheduledMessage": Sample(
        lambda desk: {"channel": GENERAL, "scheduled_message_id": desk.scheduled()}
    ),
    "chat.getPermalink": Sample(lambda desk: {"channel": GENERAL, "message_ts": desk.said()}),
    "chat.meMessage": _in(text="waves"),
    "chat.postEphemeral": _in(user=ADA, text="psst", blocks=[section("psst")]),
    "chat.postMessage": _in(text="hello", blocks=[section("hello")], unfurl_links=False),
    "chat.scheduleMessage": Sample(
        lambda desk: {"channel": GENERAL, "post_at": in_an_hour(), "text": "later"}
    ),
    "chat.scheduledMessages.list": _in(),
    "chat.startStream": Sample(lambda desk: {"channel": GENERAL, "thread_ts": desk.asked(), **READER}),
    "chat.stopStream": Sample(lambda desk: {"channel": GENERAL, "ts": desk.stream(), "markdown_text": "end"}),
    "chat.unfurl": Sample(lambda desk: {**desk.link(), "unfurls": {LINK: {"text": "A page"}}}),
    "chat.update": Sample(lambda desk: {"channel": GENERAL, "ts": desk.said(), "text": "there"}),
    "conversations.archive": Sample(lambda desk: {"channel": desk.channel()}),
    "conversations.close": Sample(lambda desk: {"channel": desk.dm()}),
    "conversations.create": Sample(lambda desk: {"name": "another-place", "is_private": True}),
    "conversations.history": _in(limit=5, inclusive=True),
    "conversations.info": _in(include_num_members=True),
    "conversations.invite": Sample(lambda desk: {"channel": desk.channel(), "users": [BOB, CYD]}),
    "conversations.join": _in(),
    "conversations.kick": Sample(lambda desk: {"channel": desk.with_bob(), "user": BOB}),
    "conversations.leave": Sample(lambda desk: {"channel": desk.with_bob()}),
    "conversations.list": Sample(lambda desk: {"types": ["public_channel", "im"], "limit": 2}),
    "conversations.mark": Sample(lambda desk: {"channel": GENERAL, "ts": desk.said()}),
    "conversations.members": _in(limit=2),
    "conversations.open": Sample(lambda desk: {"users": [ADA, BOB], "return_im": True}),
    "conversations.rename": Sample(lambda desk: {"channel": desk.channel(), "name": "newer-place"}),
    "conversations.replies": Sample(lambda desk: {"channel": GENERAL, "ts": desk.said()}),
    "conversations.setPurpose": _in(purpose="All of us"),
    "conversations.setTopic": _in(topic="Everything"),
    "conversations.unarchive": Sample(lambda desk: {"channel": desk.archived()}, "user"),
    "emoji.list": Sample(),
    "files.completeUploadExternal": Sample(
        lambda desk: {"files": [{"id": desk.upload(), "title": "A"}], "channel_id": GENERAL}
    ),
    "files.delete": Sample(lambda desk: {"file": desk.file()}),
    "files.getUploadURLExternal": Sample(lambda desk: {"filename": "a.txt", "length": 3}),
    "files.info": Sample(lambda desk: {"file": desk.file()}),
    "files.list": _in(count=5),
    "files.upload": Sample(
        lambda desk: {"channels": GENERAL, "content": "abc", "filename": "a.txt"},
        refusal="method_deprecated",
    ),
    "functions.completeError": Sample(lambda desk: {"function_execution_id": desk.step(), "error": "No."}),
    "functions.completeSuccess": Sample(
        lambda desk: {"function_execution_id": desk.step(), "outputs": {"words": "Hi"}}
    ),
    "oauth.v2.access": Sample(
        lambda desk: {**CLIENT, "code": desk.code(scope="chat:write"), "redirect_uri": BACK}
    ),
    "oauth.v2.exchange": Sample(lambda desk: {**CLIENT, "token": desk.slack.token}),
    "openid.connect.token": Sample(
        lambda desk: {**CLIENT, "code": desk.sign_in_code(), "redirect_uri": BACK}
    ),
    "openid.connect.userInfo": Sample(token="user"),
    "pins.add": Sample(lambda desk: {"channel": GENERAL, "timestamp": desk.said()}),
    "pins.list": _in(),
    "pins.remove": Sample(lambda desk: _pinned(desk)),
    "reactions.add": Sample(lambda desk: {"channel": GENERAL, "timestamp": desk.said(), "name": "tada"}),
    "reactions.get": Sample(lambda desk: {"channel": GENERAL, "timestamp": desk.said(), "full": True}),
    "reactions.list": Sample(lambda desk: {"limit": 5}),
    "reactions.remove": Sample(lambda desk: _reacted(desk)),
    "team.info": Sample(),
    "usergroups.create": Sample(lambda desk: {"name": "Cooks", "handle": "cooks", "channels": [GENERAL]}),
    "usergroups.disable": Sample(lambda desk: {"usergroup": desk.group()}),
    "usergroups.enable": Sample(lambda desk: _disabled(desk)),
    "usergroups.list": Sample(lambda desk: {"include_users": True, "include_disabled": True}),
    "usergroups.update": Sample(lambda desk: {"usergroup": desk.group(), "name": "Chefs"}),
    "usergroups.users.list": Sample(lambda desk: {"usergroup": "S0ONCALL"}),
    "usergroups.users.update": Sample(lambda desk: {"usergroup": desk.group(), "users": [ADA, BOB]}),
    "users.conversations": Sample(lambda desk: {"user": ADA, "types": "public_channel"}),
    "users.getPresence": Sample(lambda desk: {"user": ADA}),
    "users.identity": Sample(token="user"),
    "users.info": Sample(lambda desk: {"user": ADA, "include_locale": True}),
    "users.list": Sample(lambda desk: {"limit": 2}),
    "users.lookupByEmail": Sample(lambda desk: {"email": "ada@sandbox.example"}),
    "users.profile.get": Sample(lambda desk: {"user": ADA}),
    "users.profile.set": Sample(lambda desk: {"profile": {"status_text": "baking"}}, "user"),
    "users.setPresence": Sample(lambda desk: {"presence": "away"}),
    "views.open": Sample(lambda desk: {"trigger_id": desk.trigger(), "view": modal()}),
    "views.publish": Sample(lambda desk: {"user_id": ADA, "view": HOME}),
    "views.push": Sample(lambda desk: {"trigger_id": desk.trigger_in_view(), "view": modal()}),
    "views.update": Sample(lambda desk: {"view_id": desk.view(), "view": modal(section("new"))}),
}


def _pinned(desk: Desk) -> Json:
    place = {"channel": GENERAL, "timestamp": desk.said()}
    desk.slack.pins_add(**place)
    return place


def _reacted(desk: Desk) -> Json:
    place = {"channel": GENERAL, "timestamp": desk.said(), "name": "tada"}
    desk.slack.reactions_add(**place)
    return place


def _disabled(desk: Desk) -> Json:
    group: Json = {"usergroup": desk.group()}
    desk.slack.usergroups_disable(**group)
    return group
