"""In a real browser: nothing an app or a person can write is ever run, fetched or followed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from sandbox.manifest import Shortcut
from sandbox.message_store import Message
from sandbox.messaging import Content, app_payload
from sandbox.normalise import complete_view
from sandbox.people import fixed_groups
from tests.sandbox.browsing import live, server, settle, visit
from tests.sandbox.hostile import ADDRESSES, ATTACHMENT, FLAG, HOSTILE, infected
from tests.sandbox.live_page import MANIFEST, LivePage
from tests.sandbox.valid_samples import HOME, MESSAGE, MODAL, MODAL_VIEW, NOT_TOGETHER, plain

__all__ = ["live", "server"]

Json = dict[str, Any]

# What a page could do that it must not; the violations of its own policy come from the browser itself.
_WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + e.blockedURI));
"""
_LIVE_HARM = (
    "[onclick], [onerror], [onload], [onfocus], [onmouseover], [style*='evil'], [srcdoc], iframe, object, embed, "
    "main img:not([src^='/files-pri/']), dialog img:not([src^='/files-pri/']), "
    "a[href^='javascript' i], a[href^='data' i], a[href^='//'], a[href^='/control']"
)

PATIENCE = 60_000  # milliseconds; a browser takes its time over a hundred thousand letters


@dataclass
class Watched:
    """The page and what it did that it should not have."""

    page: Page
    own: str
    told: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        if not request.url.startswith(self.own):
            self.told.append(f"request to {request.url[:80]}")

    def console(self, message: ConsoleMessage) -> None:
        """The browser notes refused requests here too; those of the page to its own server harm nobody."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.told.append(f"console: {message.text[:200]}")

    def check(self) -> None:
        settle(self.page)
        assert self.page.evaluate(FLAG.partition("=")[0]) is None
        assert self.page.evaluate("violations") == []
        assert self.page.locator("script").count() == 1
        harm = self.page.locator(_LIVE_HARM)
        assert harm.evaluate_all("all => all.map(one => one.outerHTML.slice(0, 300))") == []
        assert self.told == []


@pytest.fixture
def watched(live: LivePage, page: Page) -> Iterator[Watched]:
    page.add_init_script(_WATCH)
    watched = Watched(page, live.url)
    page.on("dialog", lambda dialog: watched.told.append(f"dialog: {dialog.message}"))
    page.on("pageerror", lambda error: watched.told.append(f"error: {error}"))
    page.on("popup", lambda popup: watched.told.append(f"popup: {popup.url}"))
    page.on("console", watched.console)
    page.on("request", watched.request)
    yield watched
    manifest = MANIFEST
    live.do(lambda: setattr(live.sandbox, "manifest", manifest))


def put(
    live: LivePage, words: str, *blocks: Json, ephemeral: bool = False, thread: Message | None = None
) -> Message:
    """A message of the app as it stands, past the checks that would refuse most of this."""

    def add() -> Message:
        content = Content(words, list(blocks) or None, [infected(ATTACHMENT, words, ADDRESSES[0])])
        message = Message(
            app_payload(live.workspace, content, thread), ephemeral_for="U0ADA" if ephemeral else None
        )
        live.workspace.history.add("C0GENERAL", message)
        return message

    return live.do(add)


def rename_everything(live: LivePage, words: str) -> None:
    """People, channels, groups and the app are called by these words."""
    workspace = live.workspace

    def rename() -> None:
        workspace.people["U0BOB"] = replace(workspace.people["U0BOB"], real_name=words, title=words)
        for channel in list(workspace.channels.values()):
            workspace.put_channel(
                replace(channel, name=words if channel.id == "C0OPS" else channel.name, topic=words)
            )
        for group in fixed_groups().values():
            workspace.put_group(replace(group, name=words, handle=words))
        command = replace(MANIFEST.commands[0], description=words, usage_hint=words)
        shortcuts = (Shortcut(words, "global", words, words), Shortcut(words, "message", words, words))
        live.sandbox.manifest = replace(
            MANIFEST, name=words, description=words, commands=(command,), shortcuts=shortcuts
        )
        workspace.notify("U0ADA", words, "C0GENERAL")
        workspace.notify("U0ADA", words)

    live.do(rename)


def touch_everything(page: Page) -> None:
    """Unfold what can be unfolded and pass over it with the mouse and the keyboard."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.evaluate(
        "document.querySelectorAll('main *, dialog *').forEach(one => {"
        " for (const kind of ['mouseover', 'focus', 'load', 'error']) one.dispatchEvent(new Event(kind)); })"
    )
    for key in ("Tab", "Tab", "Tab"):
        page.keyboard.press(key)


def message_blocks(words: str, address: str) -> list[Json]:
    wanted = [block for name, block in MESSAGE.items() if name not in NOT_TOGETHER]
    return [infected(block, words, address) for block in wanted]


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_messages_and_names_run_nothing(live: LivePage, watched: Watched, kind: str) -> None:
    words, page = HOSTILE[kind], watched.page
    rename_everything(live, words)
    visit(page, live.at())
    parent = put(live, words)
    for address in ADDRESSES:
        put(live, words, *message_blocks(words, address)[: 30 if address == ADDRESSES[0] else 6])
    put(live, words, *(infected(MESSAGE[name], words, ADDRESSES[1]) for name in NOT_TOGETHER))
    put(live, words, ephemeral=True)
    put(live, words, thread=parent)
    live.person_says("U0BOB", words)
    expect(page.get_by_role("list", name="Messages").get_by_role("article")).to_have_count(9)
    watched.check()
    touch_everything(page)
    watched.check()
    page.goto(live.at(thread=parent.ts))
    expect(page.locator("#app[data-live]")).to_be_attached()
    touch_everything(page)
    watched.check()


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_modals_and_home_tabs_run_nothing(live: LivePage, watched: Watched, kind: str) -> None:
    words, page = HOSTILE[kind], watched.page
    visit(page, live.at())
    blocks = [infected(block, words, ADDRESSES[0]) for block in MODAL.values()]
    texts = {key: plain(words) for key in ("title", "submit", "close")}
    live.open_view(MODAL_VIEW | texts | {"blocks": blocks, "external_id": "", "private_metadata": words})
    expect(page.get_by_role("dialog")).to_be_visible()
    touch_everything(page)
    watched.check()
    live.do(lambda: live.workspace.views.clear("U0ADA"))
    home = {"type": "home", "blocks": [infected(block, words, ADDRESSES[0]) for block in HOME.values()]}
    live.do(lambda: live.workspace.views.publish_home("U0ADA", complete_view(home), None))
    live.sandbox.manifest = replace(MANIFEST, home_tab=True)
    page.goto(f"{live.url}/?user=U0ADA&channel=app&show=home")
    expect(page.get_by_role("region", name="Home")).to_be_visible()
    touch_everything(page)
    watched.check()


def test_hostile_options_run_nothing(live: LivePage, watched: Watched) -> None:
    page = watched.page
    options = [{"text": plain(words[:75]), "value": f"v{at}"} for at, words in enumerate(HOSTILE.values())]
    live.app.answer = lambda payload: {"options": options} if payload["type"] == "block_suggestion" else {}
    menu = {
        "type": "external_select",
        "action_id": "find",
        "min_query_length": 1,
        "placeholder": plain("Find"),
    }
    view = MODAL_VIEW | {
        "blocks": [{"type": "input", "block_id": "f", "label": plain("Host"), "element": menu}]
    }
    visit(page, live.at())
    live.open_view(view | {"external_id": ""})
    box = page.get_by_role("combobox", name="Host")
    box.press_sequentially("db")
    expect(page.get_by_role("option")).to_have_count(len(options))
    box.press("ArrowDown")
    box.press("Enter")
    watched.check()


def test_a_hundred_kilobytes_in_a_text_break_nothing(live: LivePage, watched: Watched) -> None:
    words, page = "long words " * 9_100 + HOSTILE["elements"], watched.page
    block = MESSAGE["section button"] | {"text": plain(words), "fields": [plain(words)]}
    live.do(
        lambda: live.workspace.history.add(
            "C0GENERAL", Message(app_payload(live.workspace, Content("x", [block])))
        )
    )
    live.do(
        lambda: live.workspace.history.add("C0GENERAL", Message(app_payload(live.workspace, Content(words))))
    )
    visit(page, live.at())
    expect(page.get_by_role("list", name="Messages").get_by_role("article")).to_have_count(
        2, timeout=PATIENCE
    )
    watched.check()
    live.say("still here")
    expect(page.get_by_text("still here")).to_be_visible(timeout=PATIENCE)
