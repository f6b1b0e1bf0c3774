"""Steps run as our user: what our processes know, they are to keep to themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot import one_machine
from bot.processes import ProcessGroup
from bot.settings import Settings

ENTRANCES = (
    "bootstrap.run_web(settings)",
    "bootstrap.run_worker(settings)",
    "bootstrap.run_up(settings)",
    "bootstrap.run_sandbox(settings, keep_messages=False)",
    "bootstrap.run_slack_sandbox(settings)",
    "app_sandbox.run_app_sandbox(settings, app_sandbox.Wanted(MANIFEST))",
    "terminal.run_in_terminal(settings, 'hello', ())",
)

# The first thing that each of them does with its settings is to ask them: then it is to be undumpable already.
SCRIPT = """
import ctypes, sys
from pathlib import Path
from bot import app_sandbox, bootstrap, terminal

MANIFEST = Path(app_sandbox.__file__).with_name("manifest.yml")

class Settings:
    def __getattr__(self, name):
        print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
        raise SystemExit(0)

settings = Settings()
exec(sys.argv[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_our_processes_are_not_dumpable(entrance: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT, entrance], capture_output=True, text=True, timeout=60)

    assert ran.stdout.split() == ["0"], ran.stderr


def test_of_slacks_secrets_a_worker_is_given_none(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, dict[str, str]] = {}
    group = ProcessGroup()
    monkeypatch.setattr(group, "start", lambda name, argv, env: given.update({name: dict(env)}))
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_CLIENT_SECRET": "c",
    }
    others = {"DATABASE_URL": "sqlite:////x", "SLACK_API_URL": "http://127.0.0.1/api/"}

    one_machine.start_handrail(group, secrets | others)

    assert given == {"web": secrets | others, "worker": others}


def test_the_secrets_of_workflows_are_for_workers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, dict[str, str]] = {}
    group = ProcessGroup()
    monkeypatch.setattr(group, "start", lambda name, argv, env: given.update({name: dict(env)}))
    secrets = {"HANDRAIL_SECRET_TOKEN": "t0ken", "HANDRAIL_SECRETS": "/run/secrets"}
    others = {"HANDRAIL_HOME": "/x", "HANDRAIL_SECRET_KEY": "our own"}

    one_machine.start_handrail(group, secrets | others)

    assert given == {"web": others, "worker": secrets | others}


def test_redis_is_given_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HANDRAIL_SECRET_TOKEN", "t0ken")
    given: list[dict[str, str]] = []
    group = ProcessGroup()
    monkeypatch.setattr(group, "start", lambda name, argv, *, env, **more: given.append(dict(env)))
    monkeypatch.setattr(one_machine, "wait_until_answering", lambda url, seconds: None)

    one_machine.start_redis(group, Settings(handrail_home=tmp_path))

    assert [("PATH" in each, "HANDRAIL_SECRET_TOKEN" in each) for each in given] == [(True, False)]
