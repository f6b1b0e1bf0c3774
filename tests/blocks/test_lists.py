"""Lists of workflows and runs."""

from __future__ import annotations

import pytest

from blocks.ids import ActionId
from blocks.lists import cancel_asked, run_list, workflow_list
from blocks.types import Message, WorkflowCard
from blocks.values import HistoryPlace, RunRef, WorkflowRef, decode
from engine.core.picture import RunPage
from engine.core.state import RunStatus
from tests.support.block_limits import all_text, buttons, check_message, markups
from tests.support.pictures import ADA, NOON, a_summary

KNOWN = frozenset({ADA})
NOW = NOON + 600_000
NEWEST = HistoryPlace()


def history(page: RunPage, place: HistoryPlace = NEWEST) -> Message:
    message = run_list(page, place, NOW)
    check_message(message, KNOWN)
    return message


def test_a_workflow_is_listed_with_run_and_view_runs() -> None:
    message = workflow_list([WorkflowCard("deploy", "Deploy a service", "Build, ship.")])
    check_message(message)
    assert message.text == "You may see 1 workflow. Start one with `/workflow run name`."
    assert "*Deploy a service* `deploy`\nBuild, ship." in markups(message.blocks)
    found = buttons(message.blocks)
    assert decode(WorkflowRef, found["Run"]["value"]) == WorkflowRef("deploy")
    assert decode(HistoryPlace, found["View Runs"]["value"]) == HistoryPlace("deploy")
    assert found["Run"]["accessibility_label"] == "Run deploy"


def test_a_list_of_very_many_workflows_says_how_to_narrow_it() -> None:
    message = workflow_list([WorkflowCard(f"w-{n}", f"Workflow {n}", "About it. " * 30) for n in range(200)])
    check_message(message)
    shown = all_text(message.blocks)
    assert "Narrow the list with `/workflow list word`" in shown
    assert "`w-60`" in shown


def test_an_empty_list_of_workflows_says_whom_to_ask() -> None:
    check_message(workflow_list([]))


def test_a_run_is_a_line_with_a_button_of_its_own_name() -> None:
    running = a_summary(43, status=RunStatus.RUNNING, progress=40, finished_at=None)
    message = history(RunPage((running, a_summary(42)), None))
    shown = markups(message.blocks)
    assert shown[1].startswith("*#43* Deploy a service\nRunning, 40%, by <@U0ADA>, <!date^")
    assert shown[1].endswith("10 m so far")
    assert shown[2].endswith(", 1 m 12 s")
    labels = [block["accessory"]["accessibility_label"] for block in message.blocks if "accessory" in block]
    assert labels == ["View details of #43", "View details of #42"]
    assert decode(RunRef, message.blocks[1]["accessory"]["value"]) == RunRef(running.id)


def test_one_can_go_to_older_runs_and_page_by_page_back() -> None:
    place = HistoryPlace("deploy", RunStatus.FAILED)
    seen = [place]
    for older_than in (90, 80, 70):
        older = buttons(history(RunPage((a_summary(older_than),), older_than), seen[-1]).blocks)["Older"]
        following = decode(HistoryPlace, older["value"])
        assert following is not None
        seen.append(following)
    assert [each.older_than for each in seen] == [None, 90, 80, 70]
    for expected in reversed(seen[:-1]):
        newer = buttons(history(RunPage((a_summary(5),), None), seen.pop()).blocks)["Newer"]
        assert newer["action_id"] == ActionId.RUNS_NEWER
        assert decode(HistoryPlace, newer["value"]) == expected


def test_the_only_page_has_nothing_to_turn() -> None:
    assert list(buttons(history(RunPage((a_summary(),), None)).blocks)) == ["View Details"]


def test_a_page_too_large_for_a_message_is_continued_by_older() -> None:
    runs = tuple(a_summary(number, workflow_title="T" * 200) for number in range(300, 200, -1))
    message = history(RunPage(runs, 201))
    shown = [block for block in message.blocks if "accessory" in block]
    place = decode(HistoryPlace, buttons(message.blocks)["Older"]["value"])
    assert place is not None
    assert place.older_than == 301 - len(shown)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (HistoryPlace(), "Runs: there are none yet. Start one with `/workflow run`."),
        (HistoryPlace("deploy", RunStatus.FAILED), "Leave out `status:` to see all."),
        (HistoryPlace("deploy", None, 5), "Runs of deploy: there are no older ones."),
    ],
)
def test_an_empty_page_says_why_and_what_to_do(place: HistoryPlace, sentence: str) -> None:
    assert sentence in history(RunPage((), None), place).text


def test_a_cancel_is_answered_with_what_became_of_it() -> None:
    assert cancel_asked(42, RunStatus.CANCELLED).text == "Run #42 is Cancelled."
    assert "is stopping" in cancel_asked(42, RunStatus.RUNNING).text
