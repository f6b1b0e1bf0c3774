"""Forms with every type of parameter, and forms that change with the answers, from the command to the values of the
run: the web process and a local Slack, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks.forms import NEWLY_ASKED
from blocks.ids import param_name
from engine.commands import Started
from engine.core.definition import JsonValue
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, OPS, Json
from tests.support.stack import fill, inputs, wait_until
from tests.support.web_side import WebSide, errors, trigger, web_side

WORKFLOWS = Path(__file__).parent / "form_workflows"


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Iterator[WebSide]:
    with web_side(tmp_path_factory.mktemp("forms"), WORKFLOWS, migrated_sqlite_file) as side:
        side.slack.limits("off")
        yield side


def opened(side: WebSide, command: str, user: str = ADA) -> Json:
    side.slack.command(user, f"/workflow run {command}")
    return side.slack.wait_for_view(user, callback_id="start_form")


def fields(view: Json) -> dict[str, Json]:
    return {name: block for block in inputs(view) if (name := param_name(block["block_id"])) is not None}


def parameters_of_last_run(side: WebSide) -> dict[str, JsonValue]:
    return dict(side.picture(Started(side.runs()[0], 0)).parameters)


def started(side: WebSide, form: Json, user: str = ADA, **values: Any) -> dict[str, JsonValue]:
    """Submit the form, and read what the run was given."""
    answer = side.slack.submit(user, form, fill(form, values))
    assert "errors" not in answer, answer
    side.slack.wait_for_view(user, callback_id="live_dialog")
    given = parameters_of_last_run(side)
    side.slack.close(user, side.slack.views(user)[-1], clear=True)
    return given


def test_a_form_of_every_type_gives_every_value_to_the_run(side: WebSide) -> None:
    form = opened(side, "types")
    given = started(
        side,
        form,
        text="x",
        lines="a\nb",
        count="3",
        ratio="0.5",
        flag=True,
        env="prod",
        tags=["a", "c"],
        day="2026-01-31",
        at="07:30",
        moment=1769844600,
        window="1h30m",
        who=BOB,
        helpers=[BOB, CYD],
        where=OPS,
        readers=[OPS, GENERAL],
        team="S0ONCALL",
        contact="ada@example.com",
        ticket="https://example.com/1",
        plan={"name": "plan.txt", "size": 12},
        settings='{"replicas": [1, null]}',
    )
    file = given.pop("plan")
    assert isinstance(file, dict)
    assert sorted(file) == ["id", "mimetype", "name", "size"]
    assert (file["name"], file["size"], file["mimetype"]) == ("plan.txt", 12, "text/plain")
    assert given == {
        "text": "x",
        "lines": "a\nb",
        "count": 3,
        "ratio": 0.5,
        "flag": True,
        "env": "prod",
        "tags": ["a", "c"],
        "day": "2026-01-31",
        "at": "07:30",
        "moment": "2026-01-31T07:30:00Z",
        "window": "1h30m",
        "who": BOB,
        "helpers": [BOB, CYD],
        "where": OPS,
        "readers": [OPS, GENERAL],
        "team": "S0ONCALL",
        "contact": "ada@example.com",
        "ticket": "https://example.com/1",
        "settings": {"replicas": [1, None]},
    }


def test_computed_defaults_stand_in_the_form_when_it_opens(side: WebSide) -> None:
    before = datetime.now(UTC)
    started(side, opened(side, "types", BOB), BOB, contact="bob@example.com")
    form = opened(side, "types", BOB)
    first = {name: block["element"] for name, block in fields(form).items()}
    assert first["day"]["initial_date"] in (f"{before:%Y-%m-%d}", f"{datetime.now(UTC):%Y-%m-%d}")
    moment = datetime.fromtimestamp(first["moment"]["initial_date_time"], UTC)
    assert before - timedelta(minutes=1) <= moment <= datetime.now(UTC)
    assert first["at"]["initial_time"] in (f"{before:%H:%M}", f"{datetime.now(UTC):%H:%M}")
    assert first["who"]["initial_user"] == BOB
    assert first["where"]["initial_conversation"] == GENERAL
    assert first["contact"]["initial_value"] == "bob@example.com"
    assert [option["text"]["text"] for option in first["team"]["options"]] == ["@oncall"]
    given = started(side, form, BOB)
    assert (given["who"], given["where"], given["contact"]) == (BOB, GENERAL, "bob@example.com")


def test_what_somebody_else_chose_the_last_time_is_no_default(side: WebSide) -> None:
    started(side, opened(side, "types", BOB), BOB, contact="bob@example.com")
    form = opened(side, "types", CYD)
    assert "initial_value" not in fields(form)["contact"]["element"]
    side.slack.close(CYD, form)


def test_values_typed_in_the_command_fill_the_form_in(side: WebSide) -> None:
    words = (
        "types at=7:30 moment=2026-01-31T08:30+01:00 window=90s helpers=@bob,@cyd readers=#ops,#general "
        "contact=ada@example.com ticket=https://example.com/1 team=S0ONCALL settings='{\"a\": 1}'"
    )
    given = started(side, opened(side, words))
    assert given["at"] == "07:30"
    assert given["moment"] == "2026-01-31T07:30:00Z"
    assert given["window"] == "90s"
    assert given["helpers"] == [BOB, CYD]
    assert given["readers"] == [OPS, GENERAL]
    assert (given["contact"], given["ticket"]) == ("ada@example.com", "https://example.com/1")
    assert (given["team"], given["settings"]) == ("S0ONCALL", {"a": 1})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("at=25:00", "At: '25:00' is not a time of day"),
        ("moment=tomorrow", "Moment: 'tomorrow' is not a date with a time"),
        ("window=5h", "Window: 5h is out of range: it must lie between 0s and 4h."),
        ("helpers=<@U999>", "Helpers: U999: This is nobody in this workspace"),
        ("readers=ops", "Readers: 'ops' is not a Slack channel"),
        ("team=S0GONE", "Team: This user group is not in this workspace"),
        ("contact=ada", "Contact: 'ada' is not an email address"),
        ("ticket=javascript:alert(1)", "Write it with https:// or http://"),
        ("plan=notes.txt", "a file cannot be given as text"),
        ("settings={a:1}", "This is not JSON (line 1, column 2"),
    ],
)
def test_a_mistyped_value_is_explained_in_the_form(side: WebSide, words: str, expected: str) -> None:
    form = opened(side, f"types {words}")
    alerts = [block["text"]["text"] for block in form["blocks"] if block["type"] == "alert"]
    assert expected in " ".join(alerts)
    side.slack.close(ADA, form)


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        ("at", {"selected_time": "25:00"}, "is not a time of day"),
        ("moment", {"selected_date_time": -1}, "out of range"),
        ("moment", {"selected_date_time": 253402300799}, "out of range"),
        ("moment", {"selected_date_time": 10**18}, "is not a date with a time"),
        ("window", {"value": "5h"}, "between 0s and 4h"),
        ("helpers", {"selected_users": ["U999"]}, "U999: This is nobody in this workspace"),
        ("helpers", {"selected_users": [f"U0{n}" for n in range(101)]}, "nobody in this workspace"),
        ("readers", {"selected_conversations": ["C0OPS", "C0OPS"]}, "'C0OPS' is there twice"),
        ("team", {"selected_option": {"value": "S0GONE"}}, "This user group is not in this workspace"),
        ("contact", {"value": "ada@"}, "is not an email address"),
        ("ticket", {"value": "javascript:alert(1)"}, "Write it with https:// or http://"),
        ("ticket", {"value": "https://example.com/" + "x" * 3000}, "at most 3000"),
        ("plan", {"files": [{"id": "../x", "name": "x", "size": 1, "mimetype": "a/b"}]}, "is not a file"),
        ("settings", {"value": "{a: 1}"}, "This is not JSON"),
        ("settings", {"value": "[" * 3000}, "This"),
    ],
)
def test_a_wrong_value_is_explained_at_its_field_and_nothing_is_started(
    side: WebSide, name: str, state: Json, expected: str
) -> None:
    form, before = opened(side, "types"), side.runs()
    block_id = fields(form)[name]["block_id"]
    answer = errors(side.send_submission(ADA, form, {block_id: {"parameter": state}}))
    assert expected in answer[name]
    assert side.runs() == before
    side.slack.close(ADA, form)


def test_where_slack_does_not_say_which_groups_there_are_their_id_is_typed(
    tmp_path: Path, migrated_sqlite_file: Path
) -> None:
    with web_side(tmp_path / "forms", WORKFLOWS, migrated_sqlite_file) as side:
        side.slack.faults("usergroups.list", "error:fatal_error", 50)
        form = opened(side, "types")
        assert fields(form)["team"]["element"]["type"] == "plain_text_input"
        assert "such as S0ONCALL" in fields(form)["team"]["hint"]["text"]
        assert started(side, form, team="S0ONCALL")["team"] == "S0ONCALL"


# --- fields that come and go


def asks_for(side: WebSide, *names: str, user: str = ADA) -> Json:
    """Wait until the form asks for exactly these."""
    return wait_until(
        lambda: next((v for v in side.slack.views(user)[-1:] if [*fields(v)] == [*names]), None),
        5,
        lambda: str([[*fields(view)] for view in side.slack.views(user)]),
    )


def choose(side: WebSide, form: Json, name: str, value: Any, **typed: Any) -> None:
    """Choose a value in a field that decides, with what was typed elsewhere."""
    block_id = fields(form)[name]["block_id"]
    side.slack.click(ADA, "parameter", form, block_id=block_id, value=value, state=fill(form, typed))


def test_fields_come_and_go_with_the_answers_and_nothing_typed_is_lost(side: WebSide) -> None:
    form = opened(side, "careful")
    assert [*fields(form)] == ["canary", "note"]
    choose(side, form, "canary", "20", note="typed before")
    form = asks_for(side, "canary", "reason", "note")
    choose(side, form, "reason", "because")
    form = asks_for(side, "canary", "reason", "urgent", "note")
    choose(side, form, "urgent", True)
    form = asks_for(side, "canary", "reason", "urgent", "approver", "note")
    choose(side, form, "canary", "3")
    form = asks_for(side, "canary", "note")
    choose(side, form, "canary", "30")
    form = asks_for(side, "canary", "reason", "urgent", "approver", "note")
    assert fields(form)["reason"]["element"]["initial_value"] == "because"
    assert started(side, form, approver=BOB) == {
        "canary": 30,
        "reason": "because",
        "urgent": True,
        "approver": BOB,
        "note": "typed before",
    }


def test_what_is_not_asked_has_no_value_and_is_not_required(side: WebSide) -> None:
    form = opened(side, "careful reason=typed-in-the-command")
    assert started(side, form, note="x") == {
        "canary": 5,
        "reason": None,
        "urgent": None,
        "approver": None,
        "note": "x",
    }


def test_a_change_that_changes_nothing_is_not_sent_to_slack(side: WebSide) -> None:
    form = opened(side, "careful")
    before = len(side.slack.calls("views.update"))
    choose(side, form, "canary", "6")
    choose(side, form, "canary", "20")
    asks_for(side, "canary", "reason", "note")
    assert len(side.slack.calls("views.update")) == before + 1
    side.slack.close(ADA, form)


def test_of_many_quick_changes_the_last_one_counts(side: WebSide) -> None:
    form = opened(side, "careful")
    block = fields(form)["canary"]
    for number, typed in enumerate(["2", "20", "2", "20", "2", "20"]):
        state = {block["block_id"]: {"parameter": {"type": "number_input", "value": typed}}}
        action = {"type": "number_input", "action_id": "parameter", "block_id": block["block_id"]}
        side.send_payload(
            {
                "type": "block_actions",
                "team": {"id": "T0001", "domain": "sandbox"},
                "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": "T0001"},
                "api_app_id": "A0APP",
                "trigger_id": trigger(),
                "container": {"type": "view", "view_id": form["id"]},
                "view": json.loads(json.dumps(form)) | {"state": {"values": state}},
                "actions": [action | {"value": typed, "action_ts": f"1795435200.00000{number}"}],
            }
        )
    asks_for(side, "canary", "reason", "note")
    side.slack.close(ADA, form)


def test_a_form_that_was_sent_before_it_changed_asks_for_the_rest_and_starts_nothing(side: WebSide) -> None:
    form, before = opened(side, "careful"), side.runs()
    answer = side.slack.submit(ADA, form, fill(form, {"canary": "20", "note": "typed"}))
    assert answer["response_action"] == "update"
    form = asks_for(side, "canary", "reason", "note")
    assert NEWLY_ASKED in json.dumps(form["blocks"])
    assert side.runs() == before
    choose(side, form, "reason", "because")
    form = asks_for(side, "canary", "reason", "urgent", "note")
    assert started(side, form) == {
        "canary": 20,
        "reason": "because",
        "urgent": False,
        "approver": None,
        "note": "typed",
    }
