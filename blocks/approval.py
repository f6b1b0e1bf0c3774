"""The question that an approval step asks, before and after it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.ids import ActionId, BlockPrefix, CallbackId, block_id
from blocks.parts import actions, button, modal
from blocks.summary import parameter_sections, run_name
from blocks.text import (
    code,
    context,
    cut_middle,
    header,
    lines_within,
    mention,
    mentions,
    one_line,
    plain,
    plain_section,
    quote,
    safe,
    section,
    value_text,
    when,
)
from blocks.types import Block, Message, View
from blocks.values import ApprovalRef, CommentDraft
from engine.core.events import ApprovalStatus
from engine.core.picture import ApprovalPicture, DecisionPicture, RunPicture
from engine.core.state import TaskStatus

COMMENT_LIMIT = 1000
DECISIONS_SHOWN = 10


def approval_message(picture: RunPicture, approval: ApprovalPicture) -> Message:
    """With a comment field and buttons while the approval is open, with its story afterwards."""
    is_open = approval.status is ApprovalStatus.OPEN
    blocks = [header(one_line(approval.title))]
    if approval.message.strip():
        blocks.append(plain_section(approval.message, 2000))
    asked = f"Asked by {safe(run_name(picture), 300)}, started by {mention(picture.requester)}"
    blocks += [section(asked), *parameter_sections(picture.parameters, 1500)]
    if is_open:
        blocks += _question(picture, approval) + _decisions(approval) + _answer_blocks(picture, approval)
    else:
        blocks += _closed_blocks(approval)
    return Message(_sentence(picture, approval), blocks)


def _sentence(picture: RunPicture, approval: ApprovalPicture) -> str:
    title, name = safe(approval.title, 300), safe(run_name(picture), 300)
    if approval.status is ApprovalStatus.OPEN:
        return f"{name} asks for approval: “{title}”. {may_decide(approval)}"
    return f"{name} asked for approval: “{title}”. {_closing(approval)}"


def may_decide(approval: ApprovalPicture) -> str:
    """Who may decide and how many must approve, as mrkdwn."""
    people = mentions((*approval.approver_users, *approval.approver_groups))
    who = people or "anyone who may approve this workflow"
    needed = f", {approval.required} approvals are needed" if approval.required > 1 else ""
    return f"May decide: {who}{needed}."


def _question(picture: RunPicture, approval: ApprovalPicture) -> list[Block]:
    lines = _later_steps(picture, approval)
    after = lines_within(lines, 1500, "steps") or "no further step"
    return [
        section(f"*Runs afterwards:*\n{after}"),
        section(may_decide(approval)),
        context(f"Expires {when(approval.expires_at)}"),
    ]


def _later_steps(picture: RunPicture, approval: ApprovalPicture) -> list[str]:
    """The steps still to come, with their arguments where these are known already."""
    later = [
        task
        for task in picture.tasks
        if task.status is TaskStatus.PENDING and not task.is_scheduled and task.step_id != approval.step_id
    ]
    return [
        f"• {safe(task.title, 150) or safe(task.step_id)}"
        + ("" if task.arguments is None else f" {code(value_text(task.arguments))}")
        for task in later
    ]


def _decisions(approval: ApprovalPicture) -> list[Block]:
    blocks: list[Block] = []
    for decision in approval.decisions[:DECISIONS_SHOWN]:
        blocks.append(section(_decided(decision)))
        if decision.comment.strip():
            blocks.append(quote(decision.comment, 500))
    more = len(approval.decisions) - DECISIONS_SHOWN
    return [*blocks, context(f"and {more} more decisions")] if more > 0 else blocks


def _decided(decision: DecisionPicture) -> str:
    verb = "Approved" if decision.approve else "Rejected"
    return f"*{verb}* by {mention(decision.user_id)} {when(decision.at)}"


def _verdict(approval: ApprovalPicture) -> tuple[str, str]:
    """How an approval ended, and what follows from it."""
    match approval.status:
        case ApprovalStatus.APPROVED:
            count = sum(decision.approve for decision in approval.decisions)
            late = "" if count >= approval.required else "Its time ran out. "
            return "Approved", f"{late}The run goes on."
        case ApprovalStatus.REJECTED:
            return "Rejected", "The run stops here."
        case ApprovalStatus.EXPIRED:
            return "Expired", "Not enough people decided in time. Start a new run to ask again."
        case _:
            return "Cancelled", "The run stopped before this was decided."


def _closing(approval: ApprovalPicture) -> str:
    """The end of an approval in sentences: who, when, and what follows."""
    word, consequence = _verdict(approval)
    is_approved = approval.status is ApprovalStatus.APPROVED
    people = [decision.user_id for decision in approval.decisions if decision.approve is is_approved]
    by = f" by {mentions(people)}" if people else ""
    at = f" {when(approval.closed_at)}" if approval.closed_at is not None else ""
    return f"{word}{by}{at}. {consequence}"


def _closed_blocks(approval: ApprovalPicture) -> list[Block]:
    word, consequence = _verdict(approval)
    at = [context(f"Closed {when(approval.closed_at)}")] if approval.closed_at is not None else []
    return [section(f"*{word}.* {consequence}"), *_decisions(approval), *at]


def _answer_blocks(picture: RunPicture, approval: ApprovalPicture) -> list[Block]:
    ref = ApprovalRef(approval.id)
    run = f"{picture.workflow_name} #{picture.number}"
    return [
        _comment_field(approval.id),
        actions(
            button("Approve", ActionId.APPROVE, ref, style="primary", spoken=f"Approve {run}"),
            button("Reject", ActionId.REJECT, ref, style="danger", spoken=f"Reject {run}"),
            block_id=block_id(BlockPrefix.APPROVAL, approval.id),
        ),
    ]


def _comment_field(approval_id: str) -> Block:
    return {
        "type": "input",
        "block_id": block_id(BlockPrefix.COMMENT, approval_id),
        "optional": True,
        "label": plain("Comment", 75),
        "element": {
            "type": "plain_text_input",
            "action_id": ActionId.COMMENT.value,
            "multiline": True,
            "max_length": COMMENT_LIMIT,
        },
    }


def comment_form(picture: RunPicture, approval: ApprovalPicture, approve: bool) -> View:
    """The modal in which a decision made in the dialog gets its comment; its submit decides."""
    word = "Approve" if approve else "Reject"
    asked = cut_middle(one_line(approval.title), 300)
    blocks = [plain_section(f"{word} “{asked}” of {run_name(picture)}?"), _comment_field(approval.id)]
    return modal(
        word, blocks, CallbackId.COMMENT_FORM, metadata=CommentDraft(approval.id, approve), submit=word
    )


def read_comment(state_values: Mapping[str, Any]) -> str:
    """The comment among the values that Slack sent with a click or a submit; empty when there is none."""
    for fields in state_values.values():
        field = fields.get(ActionId.COMMENT) if isinstance(fields, Mapping) else None
        value = field.get("value") if isinstance(field, Mapping) else None
        if isinstance(value, str):
            return value.strip()
    return ""
