"""Computed options in a real browser, with a real worker; and in a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_command_line import handrail
from tests.e2e.test_form_browser import PATIENCE_MS, form_of
from tests.e2e.test_form_options import WORKFLOWS
from tests.support.sandbox_client import ADA
from tests.support.stack import Stack


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A copy: what looks options up writes there."""
    return Path(shutil.copytree(WORKFLOWS, tmp_path / "workflows"))


@pytest.fixture
def options_stack(tmp_path: Path, workflows: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "home", workflows)
    yield stack
    stack.slack.shut()
    assert stack.stop() == 0, "".join(stack.output[-40:])


def test_options_come_while_one_fills_the_form_in(options_stack: Stack, workflows: Path, page: Page) -> None:
    held = workflows / "hosts.held"
    held.touch()
    dialog = form_of(options_stack, page, ADA, "hosts")
    expect(dialog).to_contain_text("Loading the options of Host")
    dialog.get_by_label("Note").fill("typed before")
    held.unlink()
    host = dialog.get_by_label("Host")
    expect(host).to_be_visible(timeout=PATIENCE_MS)
    expect(dialog.get_by_label("Note")).to_have_value("typed before")
    host.select_option(label="The first")
    services = dialog.get_by_role("group", name="Services")
    expect(services.get_by_label("eu-1-api")).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_label("Region").select_option(label="us")
    expect(host.get_by_role("option", name="us-2")).to_be_attached(timeout=PATIENCE_MS)
    host.select_option(label="us-2")
    expect(services.get_by_label("us-2-web")).to_be_visible(timeout=PATIENCE_MS)
    services.get_by_label("us-2-web").check()
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Completed", timeout=PATIENCE_MS)
    root = next(each for each in options_stack.slack.messages() if "Restart a host" in each["text"])
    assert "us-2-web" in str(root["blocks"])
    assert "typed before" in str(root["blocks"])


def test_one_of_hundreds_is_found_by_typing(options_stack: Stack, page: Page) -> None:
    dialog = form_of(options_stack, page, ADA, "many")
    host = dialog.get_by_role("combobox", name="Host", exact=True)
    expect(host).to_be_visible(timeout=PATIENCE_MS)
    host.fill("web-24")
    dialog.get_by_role("option", name="web-241").click()
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Completed", timeout=PATIENCE_MS)
    root = next(each for each in options_stack.slack.messages() if "Hundreds of options" in each["text"])
    assert "web-241" in str(root["blocks"])


def test_a_terminal_looks_them_up_before_it_starts(tmp_path: Path, workflows: Path) -> None:
    home = tmp_path / "home"
    refused = handrail(home, "run", "hosts", "host=eu1", workflows=workflows)
    assert refused.returncode != 0
    assert "'eu1' is not among the options" in refused.stdout + refused.stderr
    assert "eu-1" in refused.stdout + refused.stderr
    missing = handrail(home, "run", "hosts", workflows=workflows)
    assert "Choose from: eu-1, eu-2" in " ".join((missing.stdout + missing.stderr).split())
    done = handrail(home, "run", "hosts", "region=us", "host=us-1", "services=us-1-api", workflows=workflows)
    assert done.returncode == 0, done.stdout + done.stderr
