"""docs/sandbox.md is true: its tables are made from the sandbox, its examples run, its names exist."""

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page
from typer.main import get_group

from bot.cli import app
from sandbox.manifest_file import read_manifest
from tests.support.sandbox_client import SandboxClient
from tests.support.sandbox_page import PAGE, filled

TEXT = PAGE.read_text(encoding="utf-8")
FILES = {
    match[2]: match[3]
    for match in re.finditer(r"^```(\w+) (\S+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
}


def section(heading: str) -> str:
    """The text below one heading."""
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_tables_are_those_of_the_sandbox() -> None:
    assert filled(TEXT) == TEXT, "write it anew: python -m tests.support.sandbox_page"


def test_the_manifest_of_the_example_is_read_without_a_mistake() -> None:
    manifest = read_manifest(FILES["manifest.yml"])
    assert (manifest.name, manifest.socket_mode) == ("Greeter", True)
    assert [command.command for command in manifest.commands] == ["/hello"]


def test_the_app_and_its_tests_in_the_examples_run(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_javascript_of_the_example_is_javascript(page: Page) -> None:
    page.evaluate("text => { new Function('require', 'process', text); }", FILES["app.js"])


def test_the_options_of_the_command_line_are_there() -> None:
    named = set(re.findall(r"^\| `(--[a-z-]+)`", section("Start it"), re.MULTILINE))
    command = get_group(app).commands["sandbox"]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert named >= {"--manifest", "--app", "--no-keep"}
    assert named <= known


def test_the_people_and_channels_are_those_of_the_workspace(sandbox: SandboxClient) -> None:
    state = sandbox.state()
    channels = {channel["id"] for channel in state["channels"]}
    ids = set(re.findall(r"`([CU]0[A-Z]+)`", section("The workspace")))
    assert {each for each in ids if each.startswith("C")} <= channels
    for user in (each for each in ids if each.startswith("U")):
        assert sandbox.views(user) == []


def test_the_parts_of_the_panel_are_those_of_its_page() -> None:
    page = (PAGE.parents[1] / "sandbox/templates/developer.html").read_text()
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
    rows = re.findall(r"^\| ([A-Z][^|]+) \|", section("The developers' panel"), re.MULTILINE)
    assert rows == headings
