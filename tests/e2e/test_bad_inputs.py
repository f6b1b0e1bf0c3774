"""Whatever people type, and whatever somebody sends who has Slack's secret: a clear sentence, never a 5xx, and
nothing is started, decided or lost."""

from __future__ import annotations

import copy
import json
import logging
import random
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.fields import YES as YES_VALUE
from blocks.values import ApprovalRef, CommentDraft, DetailsPlace, FormDraft, RunRef, decode, encode
from bot.slack.start_form import TOO_OLD
from engine import registry
from engine.core.events import ApprovalStatus
from engine.core.state import RunStatus
from engine.loops.timers import Timers
from tests.e2e.conftest import WORKFLOWS
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, GUS, OPS, Json
from tests.support.served import reserved
from tests.support.stack import inputs, wait_until
from tests.support.web_side import WebSide, click, envelope, errors, said, trigger, web_side

STALE = "no longer valid"
RUN_ID = "0" * 32
YES: Json = {"value": YES_VALUE}


@pytest.fixture(scope="module")
def shared_side(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Iterator[WebSide]:
    with web_side(tmp_path_factory.mktemp("house"), WORKFLOWS, migrated_sqlite_file) as side:
        yield side


@pytest.fixture
def side(shared_side: WebSide, caplog: pytest.LogCaptureFixture) -> Iterator[WebSide]:
    """One for all tests here. Nothing unforeseen may happen inside."""
    shared_side.slack.clear_faults()
    with caplog.at_level(logging.ERROR):
        yield shared_side
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    for user in (ADA, BOB, CYD, GUS):
        for view in shared_side.slack.views(user)[-1:]:
            shared_side.slack.close(user, view, clear=True)


@pytest.fixture
def own_side(
    tmp_path: Path, migrated_sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebSide]:
    """For tests that change files, which are looked at for each request here, or what Slack says about people."""
    monkeypatch.setattr(registry, "SECONDS_BETWEEN_LOOKS", 0.0)
    with web_side(tmp_path / "house", WORKFLOWS, migrated_sqlite_file) as side:
        yield side


# --- what people type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "With `/workflow` you run workflows"),
        ("help", "cancel run #42"),
        ("run evry", "There is no workflow named `evry`. Did you mean `every`?"),
        ("run ../etc/passwd", "There is no workflow named `../etc/passwd`"),
        ("run every\u200dday", "There is no workflow named"),
        ("run " + "x" * 300, "There is no workflow named `" + "x" * 64 + "`"),
        ("run <!channel>", "There is no workflow named `&lt;!channel&gt;`"),
        ("frobnicate", "`frobnicate` is no command"),
        ("RUN every also", "`also` is one word too many. Parameters are given as `name=value`"),
        ("run every =prod", "name is missing before `=`"),
        ("run every --env=prod", "Parameters are given as `env=value`, without dashes"),
        ("run every —env prod", "`—env` is one word too many. Parameters are given as `name=value`"),
        ("run every env=prod env=stage", "`env` is given twice"),
        ('run every text="open', 'its closing " is missing'),
        ("run env=prod", "Name a workflow before its parameters"),
        ("run every text=\x1b[2J", "control character"),
        ("run every text=a\x00b", "control character"),
        ("x" * 4001, "longer than 4000 characters. Give long values in the form"),
        ("run every text=" + "x" * 3001, "longer than 3000 characters"),
        ("list nothing-like-this", "No workflow has these words in its name"),
        ("runs nope", "no workflow named `nope` whose runs you may list"),
        ("runs every status:done", "`done` is no status"),
        ("runs a b", "Type `/workflow runs`"),
        ("show", "Which run? Type its number, like `/workflow show 42`"),
        ("show forty", "A run is named by its number"),
        ("show ' OR 1=1 --", "its closing ' is missing"),
        ('show "\' OR 1" =1', "missing before `=`"),
        ("show 99999999999999999999", "A run is named by its number"),
        ("show 424242", "There is no run #424242 that you may see"),
        ("cancel 424242", "There is no run #424242 that you may see"),
        ("cancel -1", "A run is named by its number"),
    ],
)
def test_a_command_that_cannot_be_done_is_answered_with_what_to_type(
    side: WebSide, text: str, expected: str
) -> None:
    before = side.runs()

    answer = said(side.send_command(text))

    assert expected in answer
    assert side.runs() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("envv=prod", "envv: every has no such parameter"),
        ("envv=prod", "Did you mean 'env'?"),
        ("env=qa", "'qa' is not among the options. Choose from: prod, stage"),
        ("count=abc", "'abc' is not a whole number"),
        ("count=99999999999999999999", "out of range"),
        ("count=" + "9" * 2900, "out of range"),
        ("count=0x10", "'0x10' is not a whole number"),
        ("count=1_000", "'1_000' is not a whole number"),
        ("count=1001", "it must lie between 0 and 1000"),
        ("ratio=nan", "'nan' is not a number"),
        ("ratio=1e400", "'1e400' is not a number"),
        ("flag=maybe", "Write true or false"),
        ("day=tomorrow", "Write it as year-month-day, such as 2026-01-31"),
        ("day=2026-02-30", "is not a date"),
        ("tags=a,x", "'x' is not among the options"),
        ("tags=a,a", "chosen twice"),
        ("who=<@U999>", "nobody in this workspace"),
        ("who=ada", "is not a Slack user"),
        ("where=nonsense", "is not a Slack channel"),
        ("text=" + "x" * 201, "Too long: 201 characters, at most 200"),
    ],
)
def test_a_mistyped_parameter_is_explained_in_the_form(side: WebSide, words: str, expected: str) -> None:
    before = side.runs()

    side.slack.command(ADA, f"/workflow run every {words}")

    form = side.slack.wait_for_view(ADA, callback_id="start_form")
    alerts = [block["text"]["text"] for block in form["blocks"] if block["type"] == "alert"]
    assert expected in " ".join(alerts)
    assert side.runs() == before


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("text=“two words”", "two words"),
        ("text=‘two words’", "two words"),
        ("text=$(id)", "$(id)"),
        ("text=%0aid", "%0aid"),
        ("text={{7*7}}", "{{7*7}}"),
        ("text=<!channel>", "<!channel>"),
        ("text=&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("text=https://a.example/b", "https://a.example/b"),
        ("text=:rocket:", ":rocket:"),
        ("text=payload", "payload"),
        ("text=`rm -rf`", "`rm"),
    ],
)
def test_what_looks_dangerous_is_taken_as_it_is(side: WebSide, words: str, value: str) -> None:
    if words.endswith("-rf`"):
        assert "one word too many" in said(side.send_command(f"run every {words}"))
        words = "text=`rm"

    side.slack.command(ADA, f"/workflow run every {words}")

    form = side.slack.wait_for_view(ADA, callback_id="start_form")
    assert field(form, "text")["element"]["initial_value"] == value


def field(form: Json, name: str) -> Json:
    return next(block for block in inputs(form) if block["block_id"].startswith(f"param:{name}:"))


def test_cancel_without_a_number_offers_ones_only_live_run(own_side: WebSide) -> None:
    started = own_side.start("gate", mark="x")
    own_side.start("gate", BOB, mark="x")

    own_side.slack.command(ADA, "/workflow cancel")
    offer = own_side.slack.wait_for_message("Your one run in progress is #1 gate", viewer=ADA)
    own_side.slack.click(ADA, "run_cancel", offer)

    assert own_side.told(ADA, "Run #1 is Cancelled")
    assert own_side.picture(started).status is RunStatus.CANCELLED
    assert "do you want" not in str(own_side.slack.messages(viewer=ADA)).lower(), "the offer was replaced"


def test_cancel_without_a_number_and_without_a_run_says_so(side: WebSide) -> None:
    side.start("gate", BOB, mark="x")

    assert "You have no run in progress" in said(side.send_command("cancel", user=CYD))


def test_cancel_without_a_number_names_several_live_runs(own_side: WebSide) -> None:
    for _ in range(2):
        own_side.start("gate", mark="x")

    answer = said(own_side.send_command("cancel"))

    assert "Yours in progress: #2 gate, #1 gate" in answer
    assert "`/workflow cancel 2`" in answer


def test_a_run_of_another_workspace_does_not_exist(own_side: WebSide) -> None:
    other = own_side.start("gate", team="T0002", mark="x")

    for words in (f"show {other.number}", f"cancel {other.number}"):
        assert "There is no run #1 that you may see" in said(own_side.send_command(words))

    assert own_side.picture(other).is_active


def test_another_command_of_the_same_app_is_told_what_there_is(side: WebSide) -> None:
    assert "`/workflow help`" in said(side.send_command("run", command="/other"))


def test_a_guest_finds_nothing(side: WebSide) -> None:
    assert "There is no workflow named `every`" in said(side.send_command("run every", GUS))
    assert "no workflow that you may run" in said(side.send_command("run", GUS))
    assert "no workflow that you may see" in said(side.send_command("list", GUS))


def test_who_could_not_be_looked_up_is_told_so(own_side: WebSide) -> None:
    own_side.slack.faults("users.info", "error:internal_error", times=5)

    answer = said(own_side.send_command("run every", CYD))

    assert "Slack did not say just now who you are" in answer
    assert "try again" in answer


def test_a_slow_slack_delays_no_answer_beyond_three_seconds(own_side: WebSide) -> None:
    own_side.slack.faults("*", "slow:4", times=20)
    began = time.monotonic()

    said(own_side.send_command("run every", CYD))

    assert time.monotonic() - began < 2.6


# --- forms


def open_form(side: WebSide, words: str = "every", user: str = ADA) -> Json:
    side.slack.command(user, f"/workflow run {words}")
    return side.slack.wait_for_view(user, callback_id="start_form")


def values(form: Json, **given: Json) -> Json:
    """State values with one element's state for each parameter; the required one is there unless it is given."""
    states: Json = {"text": {"type": "plain_text_input", "value": "fine"}} | given
    return {
        field(form, name)["block_id"]: {"parameter": state}
        for name, state in states.items()
        if state is not None
    }


@pytest.mark.parametrize(
    ("state", "at", "expected"),
    [
        ({"text": None, "env": {"selected_option": None}}, "env", "text: A value is required"),
        ({"text": {"value": None}}, "text", "A value is required"),
        ({"text": {"value": "   "}}, "text", "A value is required"),
        ({"text": {"value": 5}}, "text", "A value is required"),
        ({"text": {"rich_text_value": {"type": "rich_text", "elements": []}}}, "text", "A value is required"),
        ({"text": {"value": "a\x00b"}}, "text", "control character"),
        ({"text": {"value": "a\nb"}}, "text", "line break"),
        ({"text": {"value": "a\u202eb"}}, "text", "reverses the text"),
        ({"text": {"value": "x" * 201}}, "text", "at most 200"),
        ({"lines": {"value": "x" * 3001}}, "lines", "at most 3000"),
        ({"count": {"value": "1 000"}}, "count", "not a whole number"),
        ({"count": {"value": "-1"}}, "count", "between 0 and 1000"),
        ({"count": {"value": "1" * 5000}}, "count", "out of range"),
        ({"ratio": {"value": "Infinity"}}, "ratio", "not a number"),
        ({"env": {"selected_option": {"value": "qa"}}}, "env", "not among the options"),
        ({"env": {"selected_option": {"value": ["prod"]}}}, "env", None),
        ({"tags": {"selected_options": [{"value": "z"}]}}, "tags", "not among the options"),
        ({"tags": {"selected_options": [{"value": "a"}] * 101}}, "tags", "chosen twice"),
        ({"tags": {"selected_options": "abc"}}, "tags", None),
        ({"tags": {"selected_options": 5}}, "tags", None),
        ({"flag": {"selected_options": {"value": "yes"}}}, "flag", None),
        ({"day": {"selected_date": "2026-13-01"}}, "day", "not a date"),
        ({"day": {"selected_date": "0000-00-00"}}, "day", "not a date"),
        ({"who": {"selected_user": "U999"}}, "who", "nobody in this workspace"),
        ({"who": {"selected_user": "not an id"}}, "who", "not a Slack user"),
        ({"where": {"selected_conversation": "ops"}}, "where", "not a Slack channel"),
    ],
)
def test_a_wrong_value_is_explained_at_its_field_and_nothing_is_started(
    side: WebSide, state: Json, at: str, expected: str | None
) -> None:
    form, before = open_form(side), side.runs()

    response = side.send_submission(ADA, form, values(form, **state))

    assert response.status_code == 200
    if expected is None:  # no value at all: what is optional may be left out
        assert response.json()["response_action"] == "update"
        return
    assert expected in errors(response)[at]
    assert side.runs() == before


def test_a_closed_account_is_no_value(own_side: WebSide) -> None:
    form = open_form(own_side)
    own_side.slack.person(CYD, deactivated=True)

    response = own_side.send_submission(ADA, form, values(form, who={"selected_user": CYD}))

    assert "their account is closed" in errors(response)["who"]
    assert own_side.runs() == []


def test_fields_that_are_not_in_the_form_are_no_parameters(side: WebSide) -> None:
    form = open_form(side)
    state = values(form) | {
        "param:secret:00000000": {"parameter": {"value": "x"}},
        "unknown": {"parameter": {"value": "x"}, "file": {"type": "file_input", "files": [{"id": "F1"}]}},
    }

    said(side.send_submission(ADA, form, state))

    (run_id, *_) = side.runs()
    with side.engine.database.read() as c:
        from store.reading import run_picture

        picture = run_picture(c, run_id)
    assert picture is not None
    assert {name for name, value in picture.parameters.items() if value is not None} == {"text"}


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{" * 5000,
        encode(RunRef(RUN_ID)),
        encode(CommentDraft(RUN_ID, True)),
        json.dumps({"is": "FormDraft", "workflow": "every"}),
        encode(FormDraft("every", "0" * 64, GENERAL, 0)).replace(
            '"workflow":"every"', '"workflow":"../every"'
        ),
        encode(FormDraft("every", "0" * 64, GENERAL, 0)).replace(GENERAL, "<!channel>"),
    ],
)
def test_a_form_with_forged_metadata_starts_nothing(side: WebSide, metadata: str) -> None:
    form, before = open_form(side), side.runs()

    answer = said(side.send_submission(ADA, form | {"private_metadata": metadata}, values(form)))

    assert "This form is no longer valid. Nothing was started" in answer
    assert side.runs() == before


def test_a_form_of_a_workflow_that_was_changed_or_deleted_starts_nothing(own_side: WebSide) -> None:
    form = open_form(own_side)
    path = own_side.workflows / "every.yml"
    source = path.read_text()

    path.write_text(source.replace("Every kind of field", "Every kind of input"))
    changed = said(own_side.send_submission(ADA, form, values(form)))
    path.unlink()
    gone = said(own_side.send_submission(ADA, form, values(form)))

    assert "was changed since this form was opened. Nothing was started" in changed
    assert "There is no workflow named" in gone
    assert own_side.runs() == []


def test_a_form_of_yesterday_starts_nothing_and_keeps_its_values(own_side: WebSide) -> None:
    own_side.slack.command(ADA, "/workflow run every text=mine")
    form = own_side.slack.wait_for_view(ADA, callback_id="start_form")
    draft = decode(FormDraft, form["private_metadata"])
    assert draft is not None
    assert abs(draft.opened_at - time.time()) < 60
    given = values(form, text={"value": "typed"}, count={"value": "7"}, flag={"selected_options": [YES]})
    old = form | {"private_metadata": encode(replace(draft, opened_at=draft.opened_at - 24 * 3600 - 60))}

    again = own_side.send_submission(ADA, old, given).json()["view"]

    alerts = [block["text"]["text"] for block in again["blocks"] if block["type"] == "alert"]
    assert alerts == [TOO_OLD]
    assert "more than 24 hours ago. Nothing was started" in TOO_OLD
    assert field(again, "text")["element"]["initial_value"] == "typed"
    assert field(again, "count")["element"]["initial_value"] == "7"
    assert field(again, "flag")["element"]["initial_options"][0]["value"] == YES["value"]
    assert own_side.runs() == []

    said(own_side.send_submission(ADA, form | again, values(again, text={"value": "typed"})))
    assert len(own_side.runs()) == 1


def test_a_form_of_less_than_a_day_still_starts_its_run(own_side: WebSide) -> None:
    form = open_form(own_side)
    draft = decode(FormDraft, form["private_metadata"])
    assert draft is not None
    older = encode(replace(draft, opened_at=draft.opened_at - 23 * 3600))

    own_side.send_submission(ADA, form | {"private_metadata": older}, values(form))

    assert len(own_side.runs()) == 1


def test_a_form_with_half_a_character_is_refused_whole(side: WebSide) -> None:
    form, before = open_form(side), side.runs()

    assert side.send_submission(ADA, form, values(form, text={"value": "a\ud800"})).status_code == 400
    assert side.runs() == before


def test_a_form_that_says_it_is_another_workspaces_is_refused(side: WebSide) -> None:
    form, before = open_form(side), side.runs()

    assert side.send_submission(ADA, form | {"team_id": "T9999"}, values(form)).status_code == 400
    assert side.runs() == before


def test_a_permission_lost_since_the_form_was_opened_counts(own_side: WebSide) -> None:
    form = open_form(own_side)
    grants = "grants:\n- {to: {users: [U0ADA]}, workflows: '*', allow: [LIST_WORKFLOWS]}\n"
    (own_side.workflows / "permissions.yml").write_text(grants)

    answer = said(own_side.send_submission(ADA, form, values(form)))

    assert "You may not run every: that needs the capability RUN_WORKFLOW" in answer
    assert own_side.runs() == []


def test_somebody_of_another_workspace_starts_nothing(side: WebSide) -> None:
    form, before = open_form(side), side.runs()
    stranger = {"id": ADA, "name": "ada", "team_id": "T9999"}

    answer = said(side.send_submission(ADA, form, values(form), user=stranger))

    assert "There is no workflow named" in answer
    assert side.runs() == before


def test_one_form_starts_one_run_however_often_it_is_submitted(side: WebSide) -> None:
    form, before = open_form(side), side.runs()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: side.send_submission(ADA, form, values(form)).json(), range(8)))

    assert len(side.runs()) == len(before) + 1
    assert {answer["view"]["private_metadata"] for answer in answers} == {encode(RunRef(side.runs()[0]))}


def test_two_forms_start_two_runs(side: WebSide) -> None:
    first, before = open_form(side), side.runs()
    side.slack.close(ADA, first, clear=True)
    second = open_form(side)

    for form in (first, second):
        said(side.send_submission(ADA, form, values(form)))

    assert len(side.runs()) == len(before) + 2


@contextmanager
def busy_database(side: WebSide) -> Iterator[None]:
    """Somebody else writes for as long as this lasts."""
    other = sqlite3.connect(side.workflows.parent / "handrail.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_busy_database_is_said_in_time_and_nothing_was_started(own_side: WebSide) -> None:
    form = open_form(own_side)
    said(own_side.send_command("list"))
    with busy_database(own_side):
        began = time.monotonic()
        answer = said(own_side.send_submission(ADA, form, values(form)))
        seconds = time.monotonic() - began

    assert "The database is busy. Nothing was changed; try again in a moment" in answer
    assert seconds < 2.9
    assert own_side.runs() == []
    said(own_side.send_submission(ADA, form, values(form)))
    assert len(own_side.runs()) == 1


def test_a_channel_we_cannot_post_in_is_a_mistake_of_the_form(own_side: WebSide) -> None:
    own_side.slack.channel(OPS, private=True, bot_is_member=False)
    own_side.slack.command(ADA, "/workflow run every", OPS)
    form = own_side.slack.wait_for_view(ADA, contains="channel_pick")

    for chosen in (OPS, "nonsense"):
        state = values(form) | {"channel:post": {"channel_pick": {"selected_conversation": chosen}}}
        answer = own_side.send_submission(ADA, form, state).json()
        assert "Handrail cannot post there" in answer["errors"]["channel:post"]

    assert own_side.runs() == []


def test_a_submission_that_nobody_here_knows_is_not_swallowed(side: WebSide) -> None:
    form = open_form(side)

    answer = said(side.send_submission(ADA, form | {"callback_id": "another"}, values(form)))

    assert "This form is no longer valid" in answer


def test_menus_that_we_do_not_fill_get_an_empty_list(side: WebSide) -> None:
    for query in ("a", "x" * 1000):
        payload = envelope("block_suggestion", ADA) | {"action_id": "a", "block_id": "b", "value": query}
        assert side.send_payload(payload).json() == {"options": []}


# --- buttons


def asking(side: WebSide, channel: str | None = None) -> tuple[Any, str]:
    """A run of Ada's that waits at its gate, and the id of its approval."""
    started = side.start("gate", channel=channel, mark="x")
    (approval,) = side.picture(started).approvals
    return started, approval.id


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("approve_x", None),
        ("APPROVE", None),
        ("xapprove", None),
        ("no_such_action", "x"),
        ("approve", None),
        ("approve", ""),
        ("approve", "x" * 2001),
        ("approve", "0123456789abcdef0123456789abcdef"),
        ("approve", '{"run":1,"approve":true}'),
        ("approve", "[" * 2000),
        ("approve", encode(RunRef(RUN_ID))),
        ("approve", encode(CommentDraft(RUN_ID, True))),
        ("approve", encode(ApprovalRef(RUN_ID)).replace(RUN_ID, RUN_ID.upper() + "G")),
        ("approve", encode(ApprovalRef(RUN_ID)).replace("}", ',"user":"U0BOB"}')),
        ("run_cancel", encode(ApprovalRef(RUN_ID))),
        ("run_again", "x"),
        ("run_page", "x"),
        ("run_details", "x"),
        ("workflow_run", '{"is":"WorkflowRef","name":"../x"}'),
        ("runs_older", '{"is":"HistoryPlace","older_than":"x"}'),
        ("task_pick", encode(DetailsPlace(RUN_ID))),
        ("run_pick", "every"),
        ("refresh", "{}"),
        ("approve_in_dialog", "{}"),
    ],
)
def test_a_button_that_is_not_ours_or_not_whole_does_nothing(
    side: WebSide, action_id: str, value: str | None
) -> None:
    started, _ = asking(side)
    action = {"action_id": action_id} | ({} if value is None else {"value": value})
    seen = len(side.slack.messages(viewer=BOB))

    assert side.send_click(BOB, action).status_code == 200

    wait_until(lambda: len(side.slack.messages(viewer=BOB)) > seen, 5)
    assert STALE in side.slack.messages(viewer=BOB)[-1]["text"]
    assert side.picture(started).open_approvals


@pytest.mark.parametrize(
    ("action_id", "ref", "expected"),
    [
        ("approve", ApprovalRef(RUN_ID), "This approval no longer exists"),
        ("approve_in_dialog", ApprovalRef(RUN_ID), STALE),
        ("run_cancel", RunRef(RUN_ID), "There is no such run"),
        ("run_details", RunRef(RUN_ID), "There is no such run that you may see"),
        ("run_again", RunRef(RUN_ID), "There is no such run that you may see"),
    ],
)
def test_a_button_of_what_never_was_is_told_so(
    side: WebSide, action_id: str, ref: RunRef | ApprovalRef, expected: str
) -> None:
    side.send_click(BOB, {"action_id": action_id, "value": encode(ref)})

    assert side.told(BOB, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": None},
        {"actions": ["approve"]},
        {"actions": [{"action_id": "approve", "value": None}]},
        {"actions": [{"action_id": "approve", "value": 5}]},
        {"actions": [{"action_id": "approve", "value": {}}]},
        {"actions": [{"action_id": 5}]},
        {"actions": [{"action_id": "task_pick", "selected_option": "x"}]},
        {"actions": [{"action_id": "task_pick", "selected_option": {"value": 5}}]},
        {"user": None},
        {"user": {"id": ""}},
        {"user": {"id": "u0bob"}},
        {"user": {"id": "U0BOB\n"}},
        {"user": {"id": "U0BOB", "team_id": "nonsense"}},
        {"team": {"id": None}},
        {"channel": {"id": "../x"}},
        {"channel": "C0GENERAL"},
        {"container": []},
        {"state": {"values": []}},
        {"state": {"values": {"b": []}}},
        {"state": {"values": {"b": {"comment": "x"}}}},
        {"trigger_id": None},
        {"trigger_id": ""},
        {"view": "V1"},
        {"view": {"id": "nonsense"}},
        {"view": {"id": "V0000001", "team_id": "T9999"}},
        {"view": {"id": "V0000001", "private_metadata": {}}},
    ],
)
def test_a_click_of_a_shape_that_slack_does_not_send_is_refused(
    side: WebSide, changes: dict[str, Any]
) -> None:
    started, approval_id = asking(side)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}

    response = side.send_click(BOB, action, **changes)

    assert response.status_code == 400
    assert side.picture(started).open_approvals


def test_a_click_for_another_workspace_is_refused(side: WebSide) -> None:
    response = side.send_click(BOB, {"action_id": "approve", "value": "x"}, team={"id": "T9999"})

    assert response.status_code == 403


def test_an_approval_of_another_workspace_cannot_be_decided(side: WebSide) -> None:
    other = side.start("gate", team="T0002", mark="x")
    (approval,) = side.picture(other).approvals

    side.send_click(BOB, {"action_id": "approve", "value": encode(ApprovalRef(approval.id))})

    assert side.told(BOB, "This approval no longer exists")
    assert side.picture(other).open_approvals


def test_of_two_actions_in_one_click_the_first_decides(side: WebSide) -> None:
    first, second = asking(side), asking(side)
    actions = [
        {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}
        for _, approval_id in (first, second)
    ]

    assert side.send_click(BOB, {}, actions=actions).status_code == 200

    assert not side.picture(first[0]).open_approvals
    assert side.picture(second[0]).open_approvals


@pytest.mark.parametrize(
    ("user", "changes", "expected"),
    [
        (ADA, {}, "whoever started a run may not approve it; someone else must. Ask"),
        (GUS, {}, "guests may not decide"),
        ("U0ADMIN", {}, "may not decide"),
        ("U0BOT", {}, "may not decide"),
        (BOB, {"user": {"id": BOB, "team_id": "T9999"}}, "people of other workspaces may not decide"),
    ],
)
def test_who_may_not_decide_is_told_why_and_whom_to_ask(
    side: WebSide, user: str, changes: dict[str, Any], expected: str
) -> None:
    started, approval_id = asking(side)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}

    side.send_click(user, action, **changes)

    assert wait_until(lambda: private_line(side, user, expected), 5)
    assert side.picture(started).open_approvals
    assert side.picture(started).approvals[0].decisions == ()


def private_line(side: WebSide, user: str, text: str) -> bool:
    """Whether we tried to tell somebody this, whether Slack knows them or not."""
    methods = ("chat.postEphemeral", "chat.postMessage")
    calls = [call for method in methods for call in side.slack.calls(method)]
    return any(
        text in call["arguments"]["text"]
        and user in (call["arguments"].get("user"), call["arguments"]["channel"])
        for call in calls
    )


def test_fifty_clicks_make_one_decision(side: WebSide) -> None:
    started, approval_id = asking(side)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: side.send_click((BOB, CYD)[n % 2], action), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    (approval,) = side.picture(started).approvals
    assert approval.status is ApprovalStatus.APPROVED
    assert len(approval.decisions) == 1


def test_a_click_while_the_database_is_busy_decides_nothing_and_says_so(own_side: WebSide) -> None:
    started, approval_id = asking(own_side)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}
    with busy_database(own_side):
        own_side.send_click(BOB, action)
        assert own_side.told(BOB, "The database is busy. Nothing was changed; try again in a moment")
        assert own_side.picture(started).open_approvals

    own_side.send_click(BOB, action)
    assert not own_side.picture(started).open_approvals


def test_run_again_of_a_workflow_that_is_gone_or_has_other_parameters(own_side: WebSide) -> None:
    started = own_side.start("gate", channel=GENERAL, mark="x")
    action = {"action_id": "run_again", "value": encode(RunRef(started.run_id))}
    path = own_side.workflows / "gate.yml"
    source = path.read_text()

    path.unlink()
    own_side.send_click(ADA, action)
    assert own_side.told(ADA, "There is no workflow")

    path.write_text(source.replace("mark:", "other:", 1).replace("params.mark", "params.other"))
    own_side.slack.command(ADA, "/workflow run gate")
    form = own_side.slack.wait_for_view(ADA, callback_id="start_form")
    live = form | {"callback_id": "live_dialog", "private_metadata": encode(RunRef(started.run_id))}
    own_side.send_payload(
        envelope("block_actions", ADA) | {"view": live, "actions": [action | {"block_id": "b"}]}
    )
    again = own_side.slack.wait_for_view(ADA, callback_id="start_form", contains=started.run_id)
    assert [block["block_id"].split(":")[1] for block in inputs(again)] == ["other"]
    assert len(own_side.runs()) == 1


def test_a_form_that_slack_would_not_open_is_explained(own_side: WebSide) -> None:
    options = ", ".join(f"option-{n}" for n in range(240))
    parameters = "".join(f"  p{n}: {{type: choice, options: [{options}]}}\n" for n in range(40))
    (own_side.workflows / "vast.yml").write_text(
        f"name: vast\nparameters:\n{parameters}steps: {{a: {{run: x}}}}\n"
    )

    answer = said(own_side.send_command("run vast"))

    assert "The form of `vast` is larger than what Slack shows" in answer
    assert own_side.slack.calls("views.open") == []


def test_only_admins_are_shown_what_is_wrong_in_the_files(own_side: WebSide) -> None:
    (own_side.workflows / "every.yml").write_text("name: every\nsteps: {a: {runn: <!channel>}}\n")

    listed = said(own_side.send_command("list", "U0ADMIN"))
    assert "every.yml` line 2: " in listed
    assert "Did you mean 'run'?" in listed
    assert "<!channel>" not in listed
    assert "Mistakes in files" not in said(own_side.send_command("list", ADA))


def test_members_that_cannot_be_verified_may_not_decide(own_side: WebSide) -> None:
    started = own_side.start("greet_gate", mark="x")
    (approval,) = own_side.picture(started).approvals
    own_side.slack.faults("usergroups.list", "error:internal_error", times=5)

    own_side.send_click(CYD, {"action_id": "approve", "value": encode(ApprovalRef(approval.id))})

    assert own_side.told(CYD, "could not be verified just now; please try again")
    assert own_side.picture(started).open_approvals


@pytest.mark.parametrize("end", ["approved", "rejected", "cancelled", "expired"])
def test_a_decision_that_comes_too_late_says_what_happened(own_side: WebSide, end: str) -> None:
    started = own_side.start(
        "brief_gate" if end == "expired" else "gate", **({} if end == "expired" else {"mark": "x"})
    )
    (approval,) = own_side.picture(started).approvals
    value = encode(ApprovalRef(approval.id))
    if end in ("approved", "rejected"):
        own_side.send_click(BOB, {"action_id": "approve" if end == "approved" else "reject", "value": value})
    elif end == "cancelled":
        own_side.send_click(ADA, {"action_id": "run_cancel", "value": encode(RunRef(started.run_id))})
    else:
        wait_until(lambda: tick_until_closed(own_side, started), 5)
    decided = own_side.picture(started).approvals[0]
    assert decided.status is ApprovalStatus(end)

    late = BOB if end == "expired" else CYD
    own_side.send_click(late, {"action_id": "approve", "value": value})
    own_side.send_click(late, {"action_id": "reject", "value": value})

    expected = f"was {end} by <@U0BOB> already" if end in ("approved", "rejected") else f"is {end} already"
    assert own_side.told(late, expected)
    assert own_side.picture(started).approvals[0] == decided


def tick_until_closed(side: WebSide, started: Any) -> bool:
    Timers(side.engine).tick()
    return not side.picture(started).open_approvals


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("x" * 1001, "Write at most 1000 characters; these are 1001"),
        ("a\x1b[2Jb", "Character 2 is a control character (U+001B). Remove it and decide again"),
        ("a\u202eb", "reverses the text"),
    ],
)
def test_a_comment_that_cannot_be_kept_decides_nothing(side: WebSide, comment: str, expected: str) -> None:
    started, approval_id = asking(side)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}
    state = {
        "values": {f"comment:{approval_id}": {"comment": {"type": "plain_text_input", "value": comment}}}
    }

    side.send_click(BOB, action, state=state)

    assert side.told(BOB, expected)
    assert side.picture(started).open_approvals


def test_a_comment_full_of_markup_pings_nobody(side: WebSide) -> None:
    started, approval_id = asking(side, OPS)
    action = {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}
    comment = "<!channel> *bold* `code` <https://evil.example|ok>"
    state = {"values": {"any": {"comment": {"value": comment}}}}

    side.send_click(BOB, action, state=state)

    assert side.picture(started).approvals[0].decisions[0].comment == comment
    message = side.slack.wait_for_message("Approved by", channel=OPS)
    assert "<!channel>" not in message["text"]
    quoted = [block for block in message["blocks"] if block["type"] == "rich_text"]
    others = [block for block in message["blocks"] if block["type"] != "rich_text"]
    assert comment in str(quoted)
    assert "<!channel>" not in str(others)


def test_forged_comment_forms_decide_nothing(side: WebSide) -> None:
    started, approval_id = asking(side)
    form = open_form(side, user=BOB) | {"callback_id": "comment_form"}
    for metadata in ("", "x", encode(RunRef(approval_id)), encode(CommentDraft(RUN_ID, True))):
        answer = said(side.send_submission(BOB, form | {"private_metadata": metadata}, {}))
        assert STALE in answer or "no longer exists" in answer

    assert side.picture(started).open_approvals


# --- where the answer is shown


def test_an_answer_to_a_click_in_a_full_stack_takes_the_place_of_the_top(side: WebSide) -> None:
    started, _ = asking(side)
    side.slack.command(ADA, f"/workflow show {started.number}")
    details = side.slack.wait_for_view(ADA, callback_id="details")
    third = details | {"previous_view_id": "V0000002", "root_view_id": "V0000001"}
    payload = envelope("block_actions", ADA) | {"view": third, "actions": [{"action_id": "nothing"}]}

    side.send_payload(payload)

    shown = side.slack.wait_for_view(ADA, callback_id="message", contains="no longer valid")
    assert shown["id"] == details["id"]


def test_an_answer_that_no_modal_can_show_comes_as_a_direct_message(side: WebSide) -> None:
    started, _ = asking(side)
    side.slack.command(ADA, f"/workflow show {started.number}")
    details = side.slack.wait_for_view(ADA, callback_id="details")

    # its trigger is none of Slack's, as when Slack took too long
    side.send_payload(
        envelope("block_actions", ADA) | {"view": details, "actions": [{"action_id": "nothing"}]}
    )

    side.slack.wait_for_message("no longer valid", channel="D0ADA")


def test_an_answer_where_we_are_not_a_member_comes_by_the_requests_own_address(own_side: WebSide) -> None:
    own_side.slack.command(ADA, "/workflow list", OPS)
    listed = own_side.slack.wait_for_message("You may see", channel=OPS, viewer=ADA)
    own_side.slack.channel(OPS, private=True, bot_is_member=False)
    (own_side.workflows / "every.yml").unlink()

    own_side.slack.click(ADA, "workflow_run", listed, block_id="workflow:every")

    own_side.slack.wait_for_message("There is no workflow named", channel=OPS, viewer=ADA)


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}/", "https://hooks.slack.com@127.0.0.1:{}/x"])
def test_an_answer_goes_to_no_address_that_is_not_slacks(own_side: WebSide, address: str) -> None:
    own_side.slack.channel(OPS, private=True, bot_is_member=False)
    with reserved() as listener:
        listener.setblocking(False)
        own_side.send_click(
            ADA,
            {"action_id": "nothing", "value": "x"},
            channel={"id": OPS, "name": "ops"},
            response_url=address.format(listener.getsockname()[1]),
        )
        own_side.slack.wait_for_message(STALE, channel="D0ADA")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_form_that_slack_does_not_open_is_not_silent(own_side: WebSide) -> None:
    own_side.slack.faults("views.open", "error:expired_trigger_id")

    own_side.slack.command(ADA, "/workflow run every")

    assert own_side.told(ADA, "Slack did not show the dialog")


# --- anything at all


JUNK: tuple[Any, ...] = (
    None,
    "",
    "x",
    0,
    -1,
    10**30,
    True,
    [],
    {},
    [None],
    {"a": 1},
    "\x00",
    "💥" * 50,
    [[]],
    1.5,
)


def mutations(payload: Json, randomness: random.Random) -> Json:
    """The payload with one to three of its parts replaced or left out."""
    changed = copy.deepcopy(payload)
    for _ in range(randomness.randint(1, 3)):
        place: Any = changed
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = randomness.choice(keys)
            if isinstance(place[key], dict | list) and place[key] and randomness.random() < 0.7:
                place = place[key]
                continue
            if randomness.random() < 0.2:
                del place[key]
            else:
                place[key] = randomness.choice(JUNK)
            break
    return changed


@pytest.mark.parametrize("seed", range(4))
def test_no_request_whatever_makes_an_error_of_ours(side: WebSide, seed: int) -> None:
    randomness = random.Random(seed)
    started, approval_id = asking(side)
    form = open_form(side, user=CYD)
    submission = envelope("view_submission", ADA) | {"view": form | {"state": {"values": values(form)}}}
    templates = [
        click(BOB, {"action_id": "approve", "value": encode(ApprovalRef(approval_id))}),
        click(BOB, {"action_id": "run_details", "value": encode(RunRef(started.run_id))}),
        click(BOB, {"action_id": "workflow_runs", "value": '{"is":"HistoryPlace"}'}),
        envelope("block_actions", BOB) | {"view": form, "actions": [{"action_id": "refresh", "value": "x"}]},
        submission,
        envelope("view_closed", ADA) | {"view": form | {"callback_id": "details"}, "is_cleared": True},
        envelope("block_suggestion", ADA) | {"action_id": "a", "value": "x", "view": form},
        envelope("shortcut", ADA) | {"callback_id": "x"},
        envelope("message_action", ADA) | {"callback_id": "x", "message": {"ts": "1.1"}},
    ]

    for _ in range(60):
        payload = mutations(randomness.choice(templates), randomness)
        if isinstance(payload.get("trigger_id"), str):
            payload["trigger_id"] = trigger()
        response = side.send_payload(payload)
        assert response.status_code in (200, 400, 403), (response.status_code, payload)


@pytest.mark.parametrize("kind", ["event_callback", "something_new", "app_rate_limited"])
def test_events_that_nobody_waits_for_are_taken_and_ignored(side: WebSide, kind: str) -> None:
    body = json.dumps({"type": kind, "team_id": "T0001", "event_id": "Ev1", "event": {"type": "app_mention"}})

    assert side.post(body.encode(), "application/json").status_code == 200
