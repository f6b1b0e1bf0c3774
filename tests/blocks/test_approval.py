"""An approval as people meet it: before, while some have decided, and afterwards."""

from __future__ import annotations

import pytest

from blocks.approval import approval_message, comment_form, read_comment
from blocks.ids import ActionId, CallbackId
from blocks.values import ApprovalRef, CommentDraft, decode
from engine.core.events import ApprovalStatus
from engine.core.picture import DecisionPicture
from engine.core.state import RunStatus, TaskStatus
from tests.support.block_limits import all_text, buttons, check_message, check_view, markups
from tests.support.pictures import ADA, BOB, CYD, NOON, a_decision, a_run, a_task, an_approval

KNOWN = frozenset({ADA, BOB, CYD, "S0OPS"})
WAITING = a_run(
    RunStatus.WAITING_FOR_APPROVAL,
    tasks=(
        a_task(1),
        a_task(2, TaskStatus.WAITING, step_id="ask", title="Ask"),
        a_task(3, TaskStatus.PENDING, title="Ship it", arguments={"version": "v1.2.3"}),
        a_task(4, TaskStatus.PENDING, title="Announce"),
    ),
)


def markup(message_blocks: list[dict[str, object]]) -> str:
    return "\n".join(markups(message_blocks))


def test_an_open_approval_says_what_is_asked_what_follows_and_who_may_decide() -> None:
    message = approval_message(WAITING, an_approval())
    check_message(message, KNOWN)
    assert message.text == (
        "Deploy a service #42 asks for approval: “Ship v1.2.3?”. May decide: <@U0BOB>, <!subteam^S0OPS>."
    )
    shown = markup(message.blocks)
    assert "Asked by Deploy a service #42, started by <@U0ADA>" in shown
    assert '*Runs afterwards:*\n• Ship it `{"version": "v1.2.3"}`\n• Announce' in shown
    assert "service: `api`" in shown
    assert "Expires <!date^" in shown
    assert "The tests are green." in all_text(message.blocks)


def test_an_open_approval_has_a_comment_field_and_two_buttons_with_names_of_their_own() -> None:
    blocks = approval_message(WAITING, an_approval()).blocks
    (field,) = [block for block in blocks if block["type"] == "input"]
    assert field["optional"] is True
    assert field["label"]["text"] == "Comment"
    found = buttons(blocks)
    assert [(each["action_id"], each["style"]) for each in found.values()] == [
        (ActionId.APPROVE, "primary"),
        (ActionId.REJECT, "danger"),
    ]
    assert found["Approve"]["accessibility_label"] == "Approve deploy #42"
    assert decode(ApprovalRef, found["Reject"]["value"]) == ApprovalRef(an_approval().id)


def test_without_named_approvers_it_says_who_may() -> None:
    message = approval_message(WAITING, an_approval(approver_users=(), approver_groups=()))
    assert "anyone who may approve this workflow" in markup(message.blocks)


def test_an_approval_by_two_shows_the_first_and_stays_open() -> None:
    approval = an_approval(required=2, decisions=(a_decision(comment="fine <!here>"),))
    message = approval_message(WAITING, approval)
    check_message(message, KNOWN)
    assert "2 approvals are needed" in markup(message.blocks)
    assert "*Approved* by <@U0BOB>" in markup(message.blocks)
    assert "fine <!here>" in all_text(message.blocks)
    assert "Approve" in buttons(message.blocks)


@pytest.mark.parametrize(
    ("status", "decisions", "sentence", "verdict"),
    [
        (
            ApprovalStatus.APPROVED,
            (a_decision(),),
            "Approved by <@U0BOB> <!date^",
            "*Approved.* The run goes on.",
        ),
        (ApprovalStatus.APPROVED, (), "Approved <!date^", "*Approved.* Its time ran out."),
        (
            ApprovalStatus.REJECTED,
            (a_decision(CYD, approve=False),),
            "Rejected by <@U0CYD>",
            "The run stops here.",
        ),
        (ApprovalStatus.EXPIRED, (), "Expired <!date^", "*Expired.* Not enough people decided in time."),
        (ApprovalStatus.CANCELLED, (), "Cancelled <!date^", "*Cancelled.* The run stopped"),
    ],
)
def test_afterwards_it_says_how_it_ended_and_has_nothing_to_click(
    status: ApprovalStatus, decisions: tuple[DecisionPicture, ...], sentence: str, verdict: str
) -> None:
    approval = an_approval(status=status, decisions=decisions, closed_at=NOON + 60_000)
    message = approval_message(WAITING, approval)
    check_message(message, KNOWN)
    assert sentence in message.text
    assert verdict in markup(message.blocks)
    assert all(f"by <@{each.user_id}> <!date^" in markup(message.blocks) for each in decisions)
    assert not buttons(message.blocks)
    assert not [block for block in message.blocks if block["type"] == "input"]


def test_the_reason_of_a_decision_is_shown_as_it_was_written() -> None:
    decisions = (a_decision(comment="*no*, see <https://evil|here>", approve=False),)
    approval = an_approval(status=ApprovalStatus.REJECTED, decisions=decisions)
    message = approval_message(WAITING, approval)
    check_message(message, KNOWN)
    assert "*no*, see <https://evil|here>" in all_text(message.blocks)


@pytest.mark.parametrize(("approve", "word"), [(True, "Approve"), (False, "Reject")])
def test_the_comment_form_carries_the_decision_it_will_make(approve: bool, word: str) -> None:
    view = comment_form(WAITING, an_approval(), approve)
    check_view(view, KNOWN)
    assert (view["title"]["text"], view["submit"]["text"]) == (word, word)
    assert view["callback_id"] == CallbackId.COMMENT_FORM
    assert decode(CommentDraft, view["private_metadata"]) == CommentDraft(an_approval().id, approve)


@pytest.mark.parametrize(
    ("state", "comment"),
    [
        ({"comment:1": {"comment": {"type": "plain_text_input", "value": " ok "}}}, "ok"),
        ({"comment:1": {"comment": {"type": "plain_text_input", "value": None}}}, ""),
        ({"other": {"field": {"value": "x"}}}, ""),
        ({"comment:1": None, "x": {"comment": []}}, ""),
        ({}, ""),
    ],
)
def test_the_comment_is_read_from_whatever_slack_sends(state: dict[str, object], comment: str) -> None:
    assert read_comment(state) == comment
