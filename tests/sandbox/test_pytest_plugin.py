"""The pytest plugin, used as the tests of any app would: pytest is run on a folder with an app and its tests."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.sandbox_client import SandboxClient

BOLT_APP = """
    from slack_bolt import App


    def make_app(bot_token, signing_secret, api_url):
        from slack_sdk import WebClient

        client = WebClient(bot_token, base_url=api_url)
        app = App(client=client, signing_secret=signing_secret)

        @app.command("/hello")
        def hello(ack, command, say):
            ack()
            say(f"Hello <@{command['user_id']}>!")

        return app
"""
MANIFEST = """
    display_information:
      name: Greeter
    features:
      bot_user:
        display_name: greeter
      slash_commands:
        - command: /hello
          description: Be greeted
    oauth_config:
      scopes:
        bot: [chat:write, commands]
    settings:
      socket_mode_enabled: true
"""


def run(folder: Path, *more: str, **files: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process of its own, on a folder with these files (`__` in a name stands for the dot)."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(textwrap.dedent(text))
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--strict-markers",
            *more,
            str(folder),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_fixture_is_there_for_every_test_of_this_machine(slack_sandbox: SandboxClient) -> None:
    assert slack_sandbox.api_url.endswith("/api/")
    assert slack_sandbox.bot_token.startswith("xoxb-")
    assert slack_sandbox.app_token.startswith("xapp-")
    assert slack_sandbox.signing_secret
    slack_sandbox.post("U0ADA", "left behind")


def test_each_test_begins_on_the_first_day(slack_sandbox: SandboxClient) -> None:
    assert slack_sandbox.messages() == []


def test_a_bolt_app_is_tested_over_socket_mode(tmp_path: Path) -> None:
    tests = """
        import pytest
        from slack_bolt.adapter.socket_mode import SocketModeHandler

        from greeter import make_app


        @pytest.fixture
        def app(slack_sandbox):
            app = make_app(slack_sandbox.bot_token, slack_sandbox.signing_secret, slack_sandbox.api_url)
            handler = SocketModeHandler(app, slack_sandbox.app_token, web_client=app.client)
            handler.connect()
            yield app
            handler.close()


        def test_somebody_is_greeted(slack_sandbox, app):
            slack_sandbox.command("U0ADA", "/hello")
            slack_sandbox.wait_for_message("Hello <@U0ADA>!")
            assert slack_sandbox.violations("error") == []


        def test_nobody_was_greeted_yet(slack_sandbox, app):
            assert slack_sandbox.messages() == []
    """
    ini = "[pytest]\nslack_sandbox_manifest = manifest.yml\n"
    done = run(
        tmp_path, greeter__py=BOLT_APP, manifest__yml=MANIFEST, pytest__ini=ini, test_greeter__py=tests
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_marker_says_which_app_and_where(tmp_path: Path) -> None:
    tests = """
        import pytest


        @pytest.mark.slack_sandbox(manifest="manifest.yml", app_url="http://127.0.0.1:1/slack/events")
        def test_the_app_is_asked_where_the_marker_says(slack_sandbox):
            assert slack_sandbox.app()["name"] == "Greeter"
            refused = slack_sandbox.command("U0ADA", "/hello", check=False)
            assert refused["error"] == "dispatch_failed"
            assert slack_sandbox.deliveries()[0]["url"] == "http://127.0.0.1:1/slack/events"


        def test_without_a_marker_there_is_a_plain_app(slack_sandbox):
            assert slack_sandbox.app()["name"] != "Greeter"
    """
    done = run(tmp_path, manifest__yml=MANIFEST, test_marked__py=tests)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ('manifest="no.yml"', "cannot be read: No such file or directory."),
        ('manifest="bad.yml"', "bad.yml has mistakes: "),
        ('url="http://localhost"', "knows manifest=... and app_url=..., and nothing else."),
        ('"manifest.yml"', "knows manifest=... and app_url=..., and nothing else."),
    ],
)
def test_a_wrong_marker_is_told_in_a_sentence(tmp_path: Path, marker: str, sentence: str) -> None:
    tests = f"""
        import pytest


        @pytest.mark.slack_sandbox({marker})
        def test_never_starts(slack_sandbox):
            pass
    """
    done = run(tmp_path, bad__yml="display_information: {nam: x}", test_wrong__py=tests)
    assert "1 error" in done.stdout, done.stdout
    assert sentence in " ".join(done.stdout.split())


def test_a_refusal_reads_as_a_failed_test(tmp_path: Path) -> None:
    tests = """
        def test_refused(slack_sandbox):
            slack_sandbox.command("U0ADA", "/nothing")
    """
    done = run(tmp_path, test_refused__py=tests)
    assert "1 failed" in done.stdout
    assert "/nothing is not a valid command" in done.stdout


def test_a_run_without_the_fixture_loads_nothing_of_the_sandbox(tmp_path: Path) -> None:
    tests = """
        import sys


        def test_light():
            loaded = {name for name in sys.modules if name.split(".")[0] in ("sandbox", "starlette", "uvicorn")}
            assert loaded == {"sandbox", "sandbox.pytest_plugin"}
    """
    done = run(tmp_path, test_light__py=tests)
    assert "1 passed" in done.stdout, done.stdout
