"""The developers' panel in a real browser: the time line, live, and every switch beside it."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.sandbox.browsing import HOSTILE
from tests.sandbox.live_page import TOKEN, LivePage, serving
from tests.support.sandbox_client import ADA, GENERAL, SandboxClient


@pytest.fixture(scope="module")
def server() -> Iterator[LivePage]:
    with serving() as started:
        yield started


@pytest.fixture
def sandbox(server: LivePage) -> Iterator[SandboxClient]:
    """The workspace on its first day, with an app that accepts everything."""
    server.app.received.clear()
    server.app.answer = lambda payload: {}
    server.app.status = 200
    with SandboxClient(server.url) as client:
        client.reset()
        yield client


def visit(page: Page, server: LivePage) -> None:
    page.goto(server.url + "/developer")
    expect(page.locator("#panel[data-live]")).to_be_attached()


def entries(page: Page) -> Locator:
    return page.get_by_role("list", name="Time line").locator("details")


def command(sandbox: SandboxClient) -> str:
    """What the app's slash command is called."""
    return str(sandbox.app()["commands"][0]["command"])


def status(page: Page) -> Locator:
    return page.locator("[data-status]")


def test_requests_and_calls_appear_while_the_page_is_open(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    visit(page, server)
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    sandbox.command(ADA, f"{command(sandbox)} one")
    server.say("Hello from the app")
    expect(entries(page)).to_have_count(2)
    expect(entries(page).first).to_contain_text("chat.postMessage")
    expect(entries(page).first).to_contain_text("Hello from the app")
    expect(entries(page).last).to_contain_text(f"{command(sandbox)} one")
    expect(page.get_by_text("2 entries")).to_be_visible()


def test_an_entry_opens_by_keyboard_and_shows_everything(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    server.say("Look inside", blocks=[{"type": "divider"}])
    visit(page, server)
    summary = entries(page).first.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    opened = entries(page).first
    expect(opened.get_by_label("Arguments")).to_contain_text('"type": "divider"')
    expect(opened.get_by_label("Answer of Slack")).to_contain_text('"ok": true')
    expect(opened.get_by_label("Headers", exact=True)).to_contain_text("user-agent")
    assert TOKEN not in opened.inner_text()
    server.say("Another")
    expect(entries(page)).to_have_count(2)
    expect(entries(page).last.get_by_label("Arguments")).to_be_visible()


def test_what_was_wrong_is_said_in_a_sentence_with_its_place(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    httpx.post(
        f"{server.url}/api/chat.postMessage",
        json={"channel": GENERAL, "text": "x", "blocks": [{"type": "section", "colour": "red"}]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
    )
    visit(page, server)
    entry = entries(page).first
    expect(entry).to_have_class(re.compile("failed"))
    entry.locator("summary").click()
    expect(entry.get_by_role("list", name="What was wrong")).to_contain_text("/blocks/0")
    expect(entry.get_by_role("list", name="What was wrong")).to_contain_text("invalid_blocks")


def test_a_request_is_sent_again_and_twice_from_its_entry(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    sandbox.command(ADA, f"{command(sandbox)} again")
    visit(page, server)
    entries(page).first.locator("summary").click()
    page.get_by_role("button", name="Resend").click()
    expect(status(page)).to_have_text("Sent again.")
    expect(entries(page)).to_have_count(2)
    page.get_by_role("button", name="Send twice").click()
    expect(entries(page)).to_have_count(4)
    assert [payload["text"] for payload in server.app.received] == ["again"] * 4


def test_the_time_line_is_filtered(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    sandbox.command(ADA, f"{command(sandbox)} quiet")
    server.say("needle")
    server.say("hay", blocks=[{"type": "divider"}])
    visit(page, server)
    expect(entries(page)).to_have_count(3)
    page.get_by_role("searchbox", name="Text").fill("needle")
    expect(entries(page)).to_have_count(1)
    page.get_by_role("searchbox", name="Text").fill("")
    page.get_by_role("combobox", name="Direction").select_option("request")
    expect(entries(page)).to_have_count(1)
    page.get_by_role("combobox", name="Direction").select_option("")
    page.get_by_role("combobox", name="Kind or method").select_option("chat.postMessage")
    expect(entries(page)).to_have_count(2)
    page.get_by_role("combobox", name="Kind or method").select_option("")
    sandbox.faults("chat.postMessage", "error:fatal_error")
    httpx.post(f"{server.url}/api/chat.postMessage", json={}, trust_env=False)
    page.get_by_label("Only with trouble").check()
    expect(entries(page)).to_have_count(3)  # the other two calls came without a charset
    expect(page.get_by_text("3 entries of 4")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(entries(page)).to_have_count(0)


def test_slack_is_slowed_down_and_switched(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    visit(page, server)
    page.get_by_label("Delay of answers").fill("0.2")
    page.get_by_label("Delay of answers").press("Tab")
    page.get_by_label("Rate limits").select_option("strict")
    page.get_by_label("Requests are sent").select_option("twice")
    page.wait_for_function("""async () => {
      const told = await (await fetch('/control/switches')).json();
      return told.pace.answers === 0.2 && told.limits === 'strict' && told.delivery === 'twice';
    }""")
    sandbox.limits("off")
    expect(page.get_by_label("Rate limits")).to_have_value("off")


def test_the_next_call_is_made_to_fail(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    visit(page, server)
    page.get_by_role("combobox", name="How", exact=True).select_option("ratelimited")
    expect(page.get_by_label("Retry after, s")).to_have_value("30")
    page.get_by_role("combobox", name="Method", exact=True).fill("views.open")
    page.get_by_role("spinbutton", name="Times").fill("2")
    page.get_by_role("button", name="Let it fail").click()
    waiting = page.get_by_role("list", name="Faults still to happen")
    expect(waiting).to_contain_text("views.open ratelimited:30 × 2")
    page.get_by_role("combobox", name="How", exact=True).select_option("lost_reply")
    page.get_by_role("button", name="Let it fail").click()
    expect(waiting.get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Forget them").click()
    expect(waiting.get_by_role("listitem")).to_have_count(0)
    page.get_by_role("combobox", name="Method", exact=True).fill("no method")
    page.get_by_role("button", name="Let it fail").click()
    expect(status(page)).to_contain_text("is no method")


def test_the_rate_budget_is_a_table_with_meters(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    sandbox.limits("real")
    visit(page, server)
    for number in range(4):
        server.say(f"number {number}")
    row = page.get_by_role("row").filter(has_text=GENERAL)
    expect(row.get_by_role("meter")).to_be_visible()
    expect(row).to_contain_text("Per channel")
    expect(row).to_contain_text("60/min")
    expect(row).to_contain_text("5/5", timeout=8000)


def test_the_installed_app_is_shown_with_what_it_needs(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, server)
    expect(page.get_by_text(TOKEN)).to_be_visible()
    page.get_by_role("button", name="Copy SLACK_BOT_TOKEN").click()
    expect(status(page)).to_have_text("SLACK_BOT_TOKEN is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == TOKEN
    page.get_by_role("button", name="Copy as environment").click()
    expect(status(page)).to_have_text("The environment is copied.")
    assert f"SLACK_API_URL={server.url}/api/\n" in page.evaluate("navigator.clipboard.readText()")


def test_a_scope_is_taken_away_and_given_back(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    visit(page, server)
    page.get_by_text("Scopes of the bot token").first.click()
    box = page.get_by_role("checkbox", name="chat:write", exact=True)
    box.uncheck()
    page.wait_for_function(
        "async () => !(await (await fetch('/control/switches')).json()).scopes.includes('chat:write')"
    )
    box.check()
    page.wait_for_function(
        "async () => (await (await fetch('/control/switches')).json()).scopes.includes('chat:write')"
    )


def test_an_event_is_sent_or_refused_with_the_reason(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    visit(page, server)
    page.get_by_text("Send an event").click()
    field = page.get_by_label("Inner event, as JSON")
    field.fill("{")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(status(page)).to_contain_text("This is no JSON")
    field.fill(json.dumps({"type": "reaction_added"}))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(status(page)).to_contain_text("has not subscribed to reaction_added")


def test_the_workspace_is_exported_reset_and_imported(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    server.say("kept")
    visit(page, server)
    page.get_by_role("heading", name="Workspace").click()
    expect(page.get_by_label("Keep everything for the next start")).to_be_disabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    saved = download.value.path()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset workspace").click()
    expect(status(page)).to_have_text("As on the first day.")
    assert sandbox.messages(GENERAL) == []
    page.get_by_label("Import").set_input_files(saved)
    expect(status(page)).to_have_text("Imported.")
    assert [message["text"] for message in sandbox.messages(GENERAL)] == ["kept"]


def test_nothing_that_an_app_sends_is_run(page: Page, server: LivePage, sandbox: SandboxClient) -> None:
    server.say(HOSTILE)
    sandbox.command(ADA, f"{command(sandbox)} {HOSTILE}")
    httpx.post(
        f"{server.url}/api/{'<img src=x onerror=window.hacked=1>'}", json={HOSTILE: HOSTILE}, trust_env=False
    )
    visit(page, server)
    expect(entries(page)).to_have_count(3)
    for number in range(3):
        entries(page).nth(number).locator("summary").click()
        expect(entries(page).nth(number).get_by_label(re.compile("^(Arguments|Payload)$"))).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator(".entries img, .entries script").count() == 0


def test_the_policy_of_the_page_is_strict(server: LivePage) -> None:
    for path in ("/developer", "/page/static/developer.js"):
        headers = httpx.get(server.url + path, trust_env=False).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    refused = httpx.get(f"{server.url}/developer/stream?limit=x", trust_env=False)
    assert (refused.status_code, refused.json()["message"][:5]) == (400, "limit")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_one_part_at_a_time_and_nothing_sticks_out(
    page: Page, server: LivePage, sandbox: SandboxClient, scheme: str
) -> None:
    server.say("a long word " + "x" * 300)
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit(page, server)
    entries(page).first.locator("summary").click()
    expect(page.get_by_label("Arguments")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Switches").click()
    expect(page.get_by_role("heading", name="Rate budget")).to_be_visible()
    expect(page.get_by_role("heading", name="Time line")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_page_comes_back_when_the_connection_does(
    page: Page, server: LivePage, sandbox: SandboxClient
) -> None:
    visit(page, server)
    page.context.set_offline(True)
    page.get_by_role("searchbox", name="Text").fill("hello")
    expect(status(page)).to_have_text("Reconnecting…")
    page.context.set_offline(False)
    expect(status(page)).to_be_hidden()
    server.say("hello again")
    expect(entries(page)).to_have_count(1)
