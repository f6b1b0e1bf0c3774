"""Forms whose options are computed: the web process, a local Slack, and what finds options out in a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from blocks.ids import asked_name, param_name
from bot.bootstrap import step_environment
from engine.commands import Started
from engine.core.definition import JsonValue
from engine.look_ups import Tools
from engine.loops.base import Loop
from engine.loops.look_ups import LookUps
from engine.masking import Mask
from engine.secrets import Secrets
from tests.support.sandbox_client import ADA, BOB, CYD, Json
from tests.support.stack import fill, inputs, wait_until
from tests.support.web_side import WebSide, web_side

WORKFLOWS = Path(__file__).parent / "option_workflows"
TOKEN = "inventory-token-1234"


@pytest.fixture
def idle_side(tmp_path: Path, migrated_sqlite_file: Path) -> Iterator[WebSide]:
    """Without a worker."""
    with web_side(tmp_path, WORKFLOWS, migrated_sqlite_file) as side:
        yield side


@pytest.fixture
def side(idle_side: WebSide) -> Iterator[WebSide]:
    engine = idle_side.engine
    secrets = Secrets({"HANDRAIL_SECRET_INVENTORY_TOKEN": TOKEN})
    duty = LookUps(engine, Tools(engine.evaluate, Mask(), step_environment(), secrets), every_seconds=0.1)
    loop = Loop(duty)
    loop.start()
    yield idle_side
    loop.stop()


def opened(side: WebSide, command: str, user: str = ADA) -> Json:
    side.slack.command(user, f"/workflow run {command}")
    return side.slack.wait_for_view(user, callback_id="start_form")


def now(side: WebSide, user: str = ADA) -> Json:
    return side.slack.views(user)[-1]


def fields(view: Json) -> dict[str, Json]:
    return {name: block for block in inputs(view) if (name := param_name(block["block_id"])) is not None}


def said(view: Json, name: str) -> str:
    """What stands in place of a field, or above it."""
    blocks = [block for block in view["blocks"] if block["type"] != "input"]
    return " ".join(
        str(block)
        for block in blocks
        if asked_name(block["block_id"]) == name or block["block_id"] == f"mistake:{name}"
    )


def options(block: Json) -> list[str]:
    return [option["value"] for option in block["element"]["options"]]


def wait_for_field(side: WebSide, name: str, *values: str, user: str = ADA) -> Json:
    """The form, once it offers these options."""
    return wait_until(
        lambda: (
            view
            if (block := fields(view := now(side, user)).get(name)) and options(block) == list(values)
            else None
        ),
        15,
        lambda: str(now(side, user)["blocks"]),
    )


def wait_until_said(side: WebSide, name: str, text: str, user: str = ADA) -> Json:
    return wait_until(
        lambda: view if text in said(view := now(side, user), name) else None,
        15,
        lambda: str(now(side, user)["blocks"]),
    )


def choose(side: WebSide, view: Json, name: str, value: Any, user: str = ADA) -> None:
    side.slack.click(user, "parameter", view, block_id=fields(view)[name]["block_id"], value=value)


def asked(side: WebSide) -> list[str]:
    """The regions whose hosts were looked up."""
    file = side.workflows / "hosts.asked"
    return file.read_text().split() if file.exists() else []


def parameters_of_last_run(side: WebSide) -> dict[str, JsonValue]:
    return dict(side.picture(Started(side.runs()[0], 0)).parameters)


def started(side: WebSide, form: Json, user: str = ADA, **values: Any) -> dict[str, JsonValue]:
    answer = side.slack.submit(user, form, fill(form, values))
    assert "errors" not in answer, answer
    side.slack.wait_for_view(user, callback_id="live_dialog")
    return parameters_of_last_run(side)


def test_a_slow_source_lets_the_form_open_at_once_and_fills_it_later(side: WebSide) -> None:
    began = time.monotonic()
    form = opened(side, "slow")
    assert time.monotonic() - began < 3
    assert "Loading the options of *Host*" in said(form, "host")
    form = wait_for_field(side, "host", "web-1")
    assert time.monotonic() - began > 5
    assert started(side, form, host="web-1") == {"host": "web-1"}


def test_options_have_labels_and_depend_on_other_answers(side: WebSide) -> None:
    form = wait_for_field(side, "host", *_opened_hosts(side))
    assert [option["text"]["text"] for option in fields(form)["host"]["element"]["options"]] == [
        "The first",
        "eu-2",
    ]
    assert "fill in *Host* first" in said(form, "services")
    choose(side, form, "host", "eu-2")
    form = wait_for_field(side, "services", "eu-2-api", "eu-2-web")
    choose(side, form, "region", "us")
    form = wait_for_field(side, "host", "us-1", "us-2")
    assert "'eu-2' is not among the options" in said(form, "host")
    assert "fill in *Host* first" in said(form, "services")
    choose(side, form, "host", "us-1")
    form = wait_for_field(side, "services", "us-1-api", "us-1-web")
    given = started(side, form, note="typed", services=["us-1-web"])
    assert given == {"note": "typed", "region": "us", "host": "us-1", "services": ["us-1-web"]}


def _opened_hosts(side: WebSide) -> tuple[str, str]:
    opened(side, "hosts")
    return "eu-1", "eu-2"


def test_what_was_typed_while_options_were_loading_stays(side: WebSide) -> None:
    (side.workflows / "hosts.held").touch()
    form = opened(side, "hosts")
    assert "Loading" in said(form, "host")
    note = fields(form)["note"]["block_id"]
    (side.workflows / "hosts.held").unlink()
    form = wait_for_field(side, "host", "eu-1", "eu-2")
    assert fields(form)["note"]["block_id"] == note


def test_an_answer_is_used_again_for_a_while(side: WebSide) -> None:
    opened(side, "hosts")
    wait_for_field(side, "host", "eu-1", "eu-2")
    form = opened(side, "hosts", BOB)
    assert options(fields(form)["host"]) == ["eu-1", "eu-2"]
    assert asked(side) == ["eu"]
    choose(side, form, "region", "us", BOB)
    wait_for_field(side, "host", "us-1", "us-2", user=BOB)
    choose(side, now(side, BOB), "region", "eu", BOB)
    choose(side, wait_for_field(side, "host", "eu-1", "eu-2", user=BOB), "host", "eu-1", BOB)
    form = wait_for_field(side, "services", "eu-1-api", "eu-1-web", user=BOB)
    assert started(side, form, BOB)["host"] == "eu-1"
    assert asked(side) == ["eu", "us"]


def test_a_failing_source_says_so_and_can_be_tried_again(side: WebSide) -> None:
    form = opened(side, "failing")
    form = wait_until_said(side, "host", "could not be loaded: exit code 3 (no inventory for ***).")
    assert TOKEN not in str(form)
    answer = side.slack.submit(ADA, form, {})
    assert "errors" not in answer, answer
    assert "Press Try Again" in said(now(side), "host")
    assert side.runs() == []
    (side.workflows / "repaired").touch()
    form = now(side)
    note = next(block for block in form["blocks"] if asked_name(block["block_id"]) == "host")
    side.slack.click(ADA, "options_again", form, block_id=note["block_id"])
    form = wait_for_field(side, "host", "web-1")
    assert "exit code 1" in said(form, "extra")
    assert started(side, form, host="web-1") == {"host": "web-1", "extra": None}


def test_without_a_worker_the_form_waits_and_starts_nothing(idle_side: WebSide) -> None:
    form = opened(idle_side, "hosts")
    answer = idle_side.slack.submit(ADA, form, {})
    assert "errors" not in answer, answer
    assert "still being loaded" in said(now(idle_side), "host")
    assert idle_side.runs() == []


def test_a_form_that_nobody_answers_says_so_and_can_be_tried_again(idle_side: WebSide) -> None:
    opened(idle_side, "hosts")
    with idle_side.engine.database.write() as c:
        c.execute(text("UPDATE look_up SET created_at = created_at - 31000"))
    form = wait_until_said(idle_side, "host", "no worker has answered in time")
    note = next(block for block in form["blocks"] if asked_name(block["block_id"]) == "host")
    idle_side.slack.click(ADA, "options_again", form, block_id=note["block_id"])
    wait_until_said(idle_side, "host", "Loading the options")


def test_options_are_shown_although_slack_fails_for_a_moment(side: WebSide) -> None:
    (side.workflows / "hosts.held").touch()
    opened(side, "hosts")
    side.slack.faults("views.update", "error:internal_error", times=2)
    (side.workflows / "hosts.held").unlink()
    wait_for_field(side, "host", "eu-1", "eu-2")


def test_a_value_in_the_command_is_filled_in_when_it_is_among_the_options(side: WebSide) -> None:
    opened(side, "hosts region=us host=us-2")
    form = wait_for_field(side, "host", "us-1", "us-2")
    assert fields(form)["host"]["element"]["initial_option"]["value"] == "us-2"
    form = wait_for_field(side, "services", "us-2-api", "us-2-web")
    assert started(side, form)["host"] == "us-2"


def test_a_value_in_the_command_that_is_no_option_is_refused_with_one_like_it(side: WebSide) -> None:
    opened(side, "hosts host=eu1", CYD)
    form = wait_for_field(side, "host", "eu-1", "eu-2", user=CYD)
    assert "Did you mean 'eu-1'?" in said(form, "host")
    assert "initial_option" not in fields(form)["host"]["element"]


def test_a_forged_value_is_refused_at_its_field(side: WebSide) -> None:
    opened(side, "hosts")
    form = wait_for_field(side, "host", "eu-1", "eu-2")
    block = fields(form)["host"]["block_id"]
    chosen = {"text": {"type": "plain_text", "text": "x"}, "value": "eu-9"}
    state = {block: {"parameter": {"type": "static_select", "selected_option": chosen}}}
    answer = side.send_submission(ADA, form, state).json()
    assert answer["response_action"] == "errors"
    assert "'eu-9' is not among the options" in answer["errors"][block]
    assert side.runs() == []


def test_other_options_than_those_shown_are_looked_at_before_a_start(side: WebSide) -> None:
    opened(side, "hosts")
    form = wait_for_field(side, "host", "eu-1", "eu-2")
    answer = side.slack.submit(ADA, form, fill(form, {"region": "us", "host": "eu-1"}))
    assert "errors" not in answer, answer
    assert side.runs() == []
    wait_for_field(side, "host", "us-1", "us-2")


def test_more_than_a_hundred_options_are_found_by_typing(side: WebSide) -> None:
    opened(side, "many")
    form = wait_until(lambda: view if {"host", "hosts"} <= fields(view := now(side)).keys() else None, 15)
    host, hosts = (fields(form)[name] for name in ("host", "hosts"))
    assert (host["element"]["type"], hosts["element"]["type"]) == ("external_select", "multi_external_select")
    found = side.slack.options(ADA, "parameter", form, "b-24", block_id=host["block_id"])["options"]
    assert [option["value"] for option in found] == ["web-24", *(f"web-24{n}" for n in range(10))]
    assert len(side.slack.options(ADA, "parameter", form, "", block_id=host["block_id"])["options"]) == 100
    side.slack.options(ADA, "parameter", form, "db-7", block_id=hosts["block_id"])
    given = started(side, form, host="web-240", hosts=["db-7", "db-70"])
    assert given == {"host": "web-240", "hosts": ["db-7", "db-70"]}
