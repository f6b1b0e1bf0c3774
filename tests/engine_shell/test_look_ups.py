"""Options found out for open forms: by real commands and requests, in a worker's duty."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.bootstrap import step_environment
from engine.core.asking import NOBODY
from engine.core.definition import JsonValue, Workflow
from engine.core.errors import InvalidParameters
from engine.core.options import Option
from engine.expressions import Expressions
from engine.files.workflow import read_workflow
from engine.look_ups import NoOptions, Tools, find_all_options, find_options
from engine.loops.base import Loop
from engine.loops.look_ups import LookUps
from engine.masking import Mask
from engine.patterns import matches
from engine.secrets import Secrets
from store import look_ups
from store.database import Database
from store.look_ups import LookUp
from tests.engine_shell.http_server import Answer, answering, serving
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import PATIENCE, TEAM, Workshop, workshop

TOKEN = "inventory-token-1234"


def tools() -> Tools:
    secrets = Secrets({"HANDRAIL_SECRET_TOKEN": TOKEN})
    mask = Mask(["worker-password"])
    return Tools(Expressions(), mask, step_environment(), secrets)


def flow(options: str, folder: Path) -> Workflow:
    source = (
        "name: w\nsecrets: [token]\nsteps: {a: {run: 'true'}}\nparameters:\n"
        "  region: {type: string}\n  other: {type: string}\n"
        f"  host: {{type: choice, options: {options}}}\n"
    )
    return read_workflow("w.yml", source, folder)


def found(options: str, folder: Path, inputs: dict[str, JsonValue] | None = None) -> list[str]:
    workflow = flow(options, folder)
    parameter = workflow.parameters[2]
    return [each.value for each in find_options(tools(), workflow, parameter, inputs or {}, "key")]


def reason(options: str, folder: Path) -> str:
    with pytest.raises(NoOptions) as problem:
        found(options, folder)
    return str(problem.value)


# --- commands


def test_a_command_is_given_what_it_depends_on_and_nothing_else(tmp_path: Path) -> None:
    command = (
        """{run: 'echo "$PARAM_REGION/${PARAM_OTHER-none}/$MINE"; pwd', env: {MINE: '{{ params.region }}'}}"""
    )
    assert found(command, tmp_path, {"region": "eu"}) == ["eu/none/eu", str(tmp_path)]


def test_a_command_in_another_language_gives_json(tmp_path: Path) -> None:
    command = '{run: \'import json; print(json.dumps([{"value": "a"}], indent=2))\', shell: python3}'
    assert found(command, tmp_path) == ["a"]


def test_secrets_reach_the_command_and_nobody_else(tmp_path: Path) -> None:
    env = "env: {TOKEN: '{{ secrets.token }}'}"
    assert found(f'{{run: \'echo "${{#TOKEN}}"; echo "a-$TOKEN"\', {env}}}', tmp_path) == [
        str(len(TOKEN)),
        "a-***",
    ]
    said = reason(f"{{run: 'echo \"not $TOKEN, not worker-password\" >&2; exit 3', {env}}}", tmp_path)
    assert said == "exit code 3 (not ***, not ***)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("{run: exit 1}", "exit code 1"),
        ("{run: 'true'}", "there is nothing to choose from"),
        ("{run: './not-there'}", "exit code 127"),
        ("{run: x, shell: [no-such-program]}", "'no-such-program' was not found"),
        ("{run: 'sleep 30', timeout: 1s}", "did not end within 1s, stopped"),
        ("{run: 'echo [1]'}", "option 1 is neither"),
        ("{run: 'yes web | head -c 300000'}", "more than 256 KiB"),
        ("{run: x, env: {A: '{{ params.region.zone }}'}}", "zone"),
    ],
)
def test_it_is_said_why_a_command_gave_none(options: str, words: str, tmp_path: Path) -> None:
    assert words in reason(options, tmp_path)


# --- requests


def giving(body: JsonValue, status: int = 200) -> Answer:
    return answering(status, json.dumps(body).encode(), Content_Type="application/json")


def test_a_request_gives_options(tmp_path: Path) -> None:
    with serving(giving({"hosts": [{"value": "a", "label": "A"}, "b"]})) as server:
        url = f"{server.url}hosts?region={{{{ params.region | urlencode }}}}"
        headers = "headers: {X-Token: '{{ secrets.token }}'}"
        options = f"{{http: {{url: '{url}', {headers}}}, pick: '{{{{ result.json.hosts }}}}'}}"
        assert found(options, tmp_path, {"region": "e u"}) == ["a", "b"]
        assert server.paths == ["/hosts?region=e%20u"]
        assert server.asked[0].headers["X-Token"] == TOKEN


def test_an_answer_may_be_the_list_itself(tmp_path: Path) -> None:
    with serving(giving(["a", "b"])) as server:
        assert found(f"{{http: {{url: '{server.url}'}}}}", tmp_path) == ["a", "b"]


def test_it_is_said_why_a_request_gave_none(tmp_path: Path) -> None:
    with serving(giving({}, 500)) as server:
        assert "answered 500" in reason(f"{{http: {{url: '{server.url}'}}}}", tmp_path)
    with serving(giving({"a": 1})) as server:
        assert "no list of options" in reason(f"{{http: {{url: '{server.url}'}}}}", tmp_path)
        pick = f"{{http: {{url: '{server.url}'}}, pick: '{{{{ result.json.hosts }}}}'}}"
        assert "hosts" in reason(pick, tmp_path)


def test_a_request_reaches_no_address_that_steps_may_not_reach(tmp_path: Path) -> None:
    assert "169.254.169.254" in reason("{http: {url: 'http://169.254.169.254/'}}", tmp_path)


# --- all at a start


def test_at_a_start_options_are_found_for_what_is_asked(tmp_path: Path) -> None:
    workflow = flow("{run: 'echo a-$PARAM_REGION'}", tmp_path)
    assert find_all_options(tools(), workflow, {"region": "eu"}, NOBODY, matches) == {}
    given: dict[str, JsonValue] = {"region": "eu", "host": "b"}
    assert find_all_options(tools(), workflow, given, NOBODY, matches) == {"host": (Option("a-eu", "a-eu"),)}


def test_at_a_start_a_failure_refuses_the_value(tmp_path: Path) -> None:
    workflow = flow("{run: exit 1}", tmp_path)
    with pytest.raises(InvalidParameters, match="could not be loaded: exit code 1"):
        find_all_options(tools(), workflow, {"host": "b"}, NOBODY, matches)


# --- the duty


HOSTS = """
name: hosts
parameters:
  region: {type: string}
  host:
    type: choice
    options: {run: 'echo began >> began; while [ -e held ]; do sleep 0.05; done; echo web-$PARAM_REGION'}
steps: {a: {run: 'true'}}
"""


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=[HOSTS]) as shop:
        yield shop


def ask(shop: Workshop, region: str) -> LookUp:
    workflow = shop.engine.registry.get("hosts")
    assert workflow is not None
    with shop.database.write() as c:
        return look_ups.ask(c, TEAM, workflow, "host", {"region": region}, 60_000)[0]


def load(shop: Workshop, asked: LookUp) -> LookUp:
    with shop.database.read() as c:
        return look_ups.load(c, TEAM, [asked.id])[asked.id]


@contextmanager
def working(shop: Workshop, slots: int = 4) -> Iterator[LookUps]:
    duty = LookUps(shop.engine, tools(), every_seconds=0.05, slots=slots)
    loop = Loop(duty)
    loop.start()
    try:
        yield duty
    finally:
        loop.stop()
        wait_until(lambda: duty._busy == 0, PATIENCE)


def test_a_worker_finds_out_what_forms_ask(shop: Workshop) -> None:
    asked = [ask(shop, region) for region in ("eu", "us", "asia", "mars", "moon", "sun")]
    with working(shop, slots=2):
        wait_until(lambda: all(load(shop, each).is_settled for each in asked), PATIENCE)
    assert [str(load(shop, each).options) for each in asked] == [
        str((Option(f"web-{region}", f"web-{region}"),))
        for region in ("eu", "us", "asia", "mars", "moon", "sun")
    ]


def test_a_bell_is_enough(shop: Workshop) -> None:
    asked = ask(shop, "eu")
    duty = LookUps(shop.engine, tools())
    duty.nudge()
    wait_until(lambda: load(shop, asked).is_settled, PATIENCE)
    assert load(shop, asked).options == (Option("web-eu", "web-eu"),)
    wait_until(lambda: duty._busy == 0, PATIENCE)


def test_slow_ones_hold_up_only_their_slots(shop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "workflows"
    (folder / "held").touch()
    slow = ask(shop, "eu")
    with working(shop, slots=2):
        wait_until((folder / "began").exists, PATIENCE)
        (folder / "held").unlink()
        quick = ask(shop, "us")
        wait_until(lambda: load(shop, quick).is_settled, PATIENCE)
        wait_until(lambda: load(shop, slow).is_settled, PATIENCE)
    assert (folder / "began").read_text().split() == ["began", "began"]


def test_a_version_that_is_gone_is_said(shop: Workshop) -> None:
    asked = ask(shop, "eu")
    with shop.database.write() as c:
        c.execute(text("DELETE FROM workflow_version"))
    with working(shop):
        wait_until(lambda: load(shop, asked).is_settled, PATIENCE)
    assert "the workflow was changed" in str(load(shop, asked).error)


def test_whoever_waits_is_told_at_once(shop: Workshop) -> None:
    told: list[tuple[str, float]] = []
    asked = ask(shop, "eu")
    engine = replace(shop.engine, hint=lambda key: told.append((key, time.monotonic())))
    duty = LookUps(engine, tools())
    duty.tick()
    wait_until(lambda: bool(told), PATIENCE)
    assert told[0][0] == asked.id
    assert load(shop, asked).is_settled
    wait_until(lambda: duty._busy == 0, PATIENCE)
