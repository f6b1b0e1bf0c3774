"""The form in a real browser, as a person fills it in: every newer type of field, and fields that come and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_form_types import WORKFLOWS
from tests.support.sandbox_client import ADA, BOB
from tests.support.stack import Stack

PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def form_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("home"), WORKFLOWS)
    yield stack
    stack.slack.shut()
    assert stack.stop() == 0, "".join(stack.output[-40:])


def form_of(stack: Stack, page: Page, user: str, name: str) -> Locator:
    """Type the command; the dialog that opens."""
    page.goto(f"{stack.slack_url}/?user={user}")
    expect(page.locator("#app[data-live]")).to_be_attached()
    composer = page.get_by_role("textbox", name="Message #general")
    composer.fill(f"/workflow run {name}")
    composer.press("Enter")
    dialog = page.get_by_role("dialog", name="Run Workflow")
    expect(dialog.get_by_role("button", name="Start Execution")).to_be_visible(timeout=PATIENCE_MS)
    return dialog


def test_every_type_can_be_filled_in(form_stack: Stack, page: Page, tmp_path: Path) -> None:
    plan = tmp_path / "plan.txt"
    plan.write_text("twelve bytes")
    dialog = form_of(form_stack, page, ADA, "types")
    dialog.get_by_label("At (optional)", exact=True).fill("07:30")
    dialog.get_by_label("Moment").fill("2026-12-24T10:30")
    dialog.get_by_label("Window").fill("5h")
    dialog.get_by_role("group", name="Helpers").get_by_label("Bob").check()
    dialog.get_by_role("group", name="Readers").get_by_label("#ops").check()
    dialog.get_by_label("Team").select_option(label="@oncall")
    dialog.get_by_label("Contact").fill("ada@example.com")
    dialog.get_by_label("Ticket").fill("https://example.com/1")
    dialog.get_by_label("Plan").set_input_files(plan)
    dialog.get_by_label("Settings").fill('{"replicas": 3')
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("5h is out of range", timeout=PATIENCE_MS)
    expect(dialog).to_contain_text("This is not JSON")
    dialog.get_by_label("Window").fill("2h")
    dialog.get_by_label("Settings").fill('{"replicas": 3}')
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Completed", timeout=PATIENCE_MS)
    root = next(message for message in form_stack.slack.messages() if "Every type" in message["text"])
    shown = str(root["blocks"])
    for value in ("2026-12-24T10:30:00Z", "2h", "S0ONCALL", "ada@example.com", "plan.txt", "replicas"):
        assert value in shown


def test_fields_appear_while_one_types_and_what_was_typed_stays(form_stack: Stack, page: Page) -> None:
    dialog = form_of(form_stack, page, BOB, "careful")
    expect(dialog.get_by_label("Reason")).to_have_count(0)
    dialog.get_by_label("Note").fill("typed before")
    dialog.get_by_label("Canary").fill("")
    dialog.get_by_label("Canary").press_sequentially("20")
    expect(dialog.get_by_label("Reason")).to_be_visible(timeout=PATIENCE_MS)
    expect(dialog.get_by_label("Canary")).to_be_focused()
    expect(dialog.get_by_label("Canary")).to_have_value("20")
    dialog.get_by_label("Reason").press_sequentially("because")
    urgent = dialog.get_by_role("group", name="Urgent").get_by_role("checkbox")
    expect(urgent).to_be_visible(timeout=PATIENCE_MS)
    expect(dialog.get_by_label("Reason")).to_have_value("because")
    urgent.check()
    dialog.get_by_label("Approver").select_option(label="Bob")
    expect(dialog.get_by_label("Note")).to_have_value("typed before")
    urgent.uncheck()
    expect(dialog.get_by_label("Approver")).to_have_count(0, timeout=PATIENCE_MS)
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Completed", timeout=PATIENCE_MS)
    root = next(message for message in form_stack.slack.messages() if "A careful release" in message["text"])
    assert "because" in str(root["blocks"])
    assert "typed before" in str(root["blocks"])
