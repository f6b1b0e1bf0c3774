"""The details of a run: the list of tasks, one task, pages, and what may be clicked."""

from __future__ import annotations

from typing import Any

from blocks.details import TASKS_PER_PAGE, details, page_link
from blocks.ids import ActionId, CallbackId
from blocks.types import Block, View
from blocks.values import DetailsPlace, decode
from engine.core.events import ApprovalStatus
from engine.core.picture import OutputTail, RunPicture
from engine.core.state import RunStatus, TaskStatus
from tests.support.block_limits import all_text, buttons, check_view, walk
from tests.support.pictures import ADA, BOB, NOON, a_decision, a_run, a_task, an_approval, an_id

KNOWN = frozenset({ADA, BOB, "C0OPS"})
PLACE = DetailsPlace(an_id(42))
BUILD = a_task(
    1,
    title="Build",
    attempt=2,
    arguments={"env": {"SERVICE": "api"}},
    result={"sha": "abc"},
    exit_code=0,
    scheduled_at=NOON,
    started_at=NOON + 1000,
    finished_at=NOON + 13_000,
    stdout=OutputTail("built\n"),
    stderr=OutputTail("warning: old\n", is_cut=True),
)
RUN = a_run(
    tasks=(BUILD, a_task(2, TaskStatus.RUNNING, title="Test"), a_task(3, TaskStatus.PENDING, title="Ship"))
)


def draw(picture: RunPicture = RUN, place: DetailsPlace = PLACE, **options: Any) -> View:
    view = details(picture, place, **options)
    check_view(view, KNOWN)
    return view


def menu(view: View) -> Block:
    (select,) = [each for each in walk(view["blocks"]) if each.get("action_id") == ActionId.TASK_PICK]
    return select


def test_the_first_page_tells_the_run_and_its_scheduled_tasks_start_first() -> None:
    view = draw()
    assert view["title"]["text"] == "Run #42"
    assert view["callback_id"] == CallbackId.DETAILS
    assert decode(DetailsPlace, view["private_metadata"]) == PLACE
    shown = all_text(view["blocks"])
    assert "✓ Start: Completed\n✓ 1. Build: Completed, attempt 2, 12 s\n● 2. Test: Running" in shown
    assert "Ship" not in shown
    assert "service: `api`" in shown
    assert "Started by <@U0ADA> in <#C0OPS>" in shown


def test_every_scheduled_task_can_be_chosen_and_start_leads_back() -> None:
    select = menu(draw())
    assert [option["text"]["text"] for option in select["options"]] == [
        "Start",
        "1. Build: Completed, attempt 2",
        "2. Test: Running",
    ]
    places = [decode(DetailsPlace, option["value"]) for option in select["options"]]
    assert places == [PLACE, DetailsPlace(RUN.id, BUILD.id), DetailsPlace(RUN.id, RUN.tasks[1].id)]
    assert select["initial_option"] == select["options"][0]


def test_a_task_shows_arguments_result_output_timing_and_attempt() -> None:
    view = draw(place=DetailsPlace(RUN.id, BUILD.id))
    shown = all_text(view["blocks"])
    for piece in (
        "1. Build: Completed, attempt 2",
        '"SERVICE": "api"',
        '"sha": "abc"',
        "built",
        "warning: old",
        "*stderr*, earlier output left out",
        "Exit code 0",
        "took 12 s",
        "Attempt 2",
    ):
        assert piece in shown
    assert menu(view)["initial_option"]["text"]["text"].startswith("1. Build")
    back = buttons(view["blocks"])["Back to the tasks"]
    assert decode(DetailsPlace, back["value"]) == PLACE


def test_a_task_that_wrote_and_returned_nothing_says_so() -> None:
    shown = all_text(draw(place=DetailsPlace(RUN.id, RUN.tasks[1].id))["blocks"])
    for piece in ("Arguments: none", "Result: none", "stdout: nothing written", "stderr: nothing written"):
        assert piece in shown


def test_an_unknown_task_shows_the_run_again() -> None:
    view = draw(place=DetailsPlace(RUN.id, an_id(5555)))
    assert "Start: Completed" in all_text(view["blocks"])


def test_long_output_is_shown_whole_page_by_page() -> None:
    lines = [f"line {number:06}" for number in range(20_000)]
    task = a_task(1, stdout=OutputTail("\n".join(lines)))
    picture = a_run(tasks=(task,))
    seen: list[str] = []
    place: DetailsPlace | None = DetailsPlace(picture.id, task.id)
    while place is not None:
        view = draw(picture, place)
        seen += [line for line in all_text(view["blocks"]).splitlines() if line.startswith("line ")]
        later = buttons(view["blocks"]).get("Later")
        place = decode(DetailsPlace, later["value"]) if later else None
    assert seen == lines


def test_pages_can_be_turned_back_and_a_page_too_far_is_the_last() -> None:
    task = a_task(1, stdout=OutputTail("x" * 200_000))
    picture = a_run(tasks=(task,))
    view = draw(picture, DetailsPlace(picture.id, task.id, 9999))
    earlier = decode(DetailsPlace, buttons(view["blocks"])["Earlier"]["value"])
    assert earlier is not None
    assert earlier.page > 0
    assert "Later" not in buttons(view["blocks"])


def test_many_tasks_are_paged_and_each_can_be_chosen() -> None:
    picture = a_run(tasks=tuple(a_task(number) for number in range(120)))
    view = draw(picture, DetailsPlace(picture.id, None, 2))
    options = menu(view)["options"]
    assert len(options) == 1 + 120 - 2 * TASKS_PER_PAGE
    assert options[-1]["text"]["text"] == "120. Step 119: Completed"
    chosen = decode(DetailsPlace, options[-1]["value"])
    assert chosen is not None
    page = draw(picture, chosen)
    back = decode(DetailsPlace, buttons(page["blocks"])["Back to the tasks"]["value"])
    assert back == DetailsPlace(picture.id, None, 2)


def test_the_page_is_offered_only_when_there_is_one() -> None:
    assert "Open the page" in buttons(draw()["blocks"])
    assert "Open the page" not in buttons(draw(has_page=False)["blocks"])
    view = page_link(RUN, "https://handrail.example/l/abc")
    check_view(view)
    (link,) = buttons(view["blocks"]).values()
    assert link["url"] == "https://handrail.example/l/abc"


def test_a_run_can_be_cancelled_from_its_details_while_it_is_active() -> None:
    assert "Cancel" in buttons(draw()["blocks"])
    ended = draw(a_run(RunStatus.FAILED))
    assert "Cancel" not in buttons(ended["blocks"])


def test_debug_has_facts_and_versions_and_is_left_out_by_default() -> None:
    picture = a_run(facts=({"kind": "run_started", "at": NOON}, {"kind": "step_completed", "step": "build"}))
    assert "step_completed" not in all_text(draw(picture)["blocks"])
    shown = all_text(draw(picture, with_debug=True)["blocks"])
    assert '{"kind": "step_completed", "step": "build"}' in shown
    assert '"version": 3' in shown


def test_results_and_approvals_stand_with_the_run() -> None:
    approval = an_approval(status=ApprovalStatus.APPROVED, decisions=(a_decision(),))
    picture = a_run(RunStatus.COMPLETED, outputs={"url": "u"}, approvals=(approval,), progress=100)
    shown = all_text(draw(picture)["blocks"])
    assert "Ship v1.2.3? Approved, decided by <@U0BOB>" in shown
    assert '"url": "u"' in shown
