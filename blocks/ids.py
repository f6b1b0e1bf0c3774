"""Every name by which Slack tells us what was clicked, filled in or submitted; `docs/ids.md` lists them."""

from __future__ import annotations

import re
from enum import StrEnum

COMMAND = "/workflow"


class _Named(StrEnum):
    """A string that knows what it is for."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> _Named:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class ActionId(_Named):
    RUN_PICK = "run_pick", "Menu of the picker: a workflow was chosen. Option value: its name."
    PARAMETER = "parameter", "Field of the start form; its block id names the parameter."
    OPTIONS_AGAIN = (
        "options_again",
        "Button Try Again: computed options are looked up again. Value: ParameterRef.",
    )
    CHANNEL_PICK = "channel_pick", "Field of the start form: where to post when we are not in the channel."
    RUN_CANCEL = "run_cancel", "Button Cancel, on a run's message, dialog and details. Value: RunRef."
    RUN_FORCE = "run_force", "Button Force Stop, of a run that is stopping. Value: RunRef."
    RUN_RESUME = "run_resume", "Button Resume from Here, of a run that did not complete. Value: RunRef."
    TASK_DONE = "task_done", "Button Mark as Done, of a step whose outcome is unknown. Value: StepRef."
    TASK_AGAIN = "task_again", "Button Run Again This Step, of such a step. Value: StepRef."
    RUN_DETAILS = "run_details", "Button View Details. Value: RunRef."
    RUN_AGAIN = "run_again", "Button Run Again of an ended run's dialog. Value: RunRef."
    RUN_PAGE = "run_page", "Button Open the page, in the details. Value: RunRef."
    PAGE_LINK = "page_link", "Link button to the run's page, made for one person; needs only an answer."
    APPROVE = "approve", "Button Approve on an approval's message; decides. Value: ApprovalRef."
    REJECT = "reject", "Button Reject on an approval's message; decides. Value: ApprovalRef."
    APPROVE_IN_DIALOG = (
        "approve_in_dialog",
        "Button Approve in the dialog; asks for a comment. Value: ApprovalRef.",
    )
    REJECT_IN_DIALOG = (
        "reject_in_dialog",
        "Button Reject in the dialog; asks for a comment. Value: ApprovalRef.",
    )
    ANSWER = "answer", "Button Answer… of a step's question; opens its form. Value: QuestionRef."
    REHEARSAL = "rehearsal", "Field of the start form: only show what would be done."
    COMMENT = "comment", "Field Comment, on an approval's message and in the comment form."
    TASK_PICK = "task_pick", "Menu of the details: a task was chosen. Option value: DetailsPlace."
    DETAILS_BACK = "details_back", "Button of the details: back to the list of tasks. Value: DetailsPlace."
    DETAILS_EARLIER = "details_earlier", "Button of the details: the page before. Value: DetailsPlace."
    DETAILS_LATER = "details_later", "Button of the details: the next page. Value: DetailsPlace."
    REFRESH = "refresh", "Button Refresh of a dialog that has gone to sleep. Value: RunRef."
    RUNS_OLDER = "runs_older", "Button Older of the list of runs. Value: HistoryPlace."
    RUNS_NEWER = "runs_newer", "Button Newer of the list of runs. Value: HistoryPlace."
    WORKFLOW_RUN = "workflow_run", "Button Run of the list of workflows. Value: WorkflowRef."
    WORKFLOW_RUNS = "workflow_runs", "Button View Runs of the list of workflows. Value: HistoryPlace."


class CallbackId(_Named):
    LOADING = "loading", "A modal that waits for its content."
    PICKER = "picker", "Run Workflow: the choice of a workflow. Metadata: PickerDraft."
    START_FORM = "start_form", "Run Workflow: the form; its submit starts the run. Metadata: FormDraft."
    LIVE_DIALOG = "live_dialog", "Run Workflow: the dialog that follows a run. Metadata: RunRef."
    DETAILS = "details", "Run #N: tasks with arguments, results and output. Metadata: DetailsPlace."
    COMMENT_FORM = (
        "comment_form",
        "Approve or Reject with a comment; its submit decides. Metadata: CommentDraft.",
    )
    ANSWER_FORM = "answer_form", "A step's question; its submit answers. Metadata: QuestionRef."
    PAGE_LINK = "page_link", "A link to the run's page for one person."
    MESSAGE = "message", "A modal that only says something."


class BlockPrefix(_Named):
    """What stands before the first colon of a block id that carries a name."""

    PARAMETER = "param", "`param:<name>:<version>`: a field of the start form."
    OPTIONS = "options", "`options:<name>:<version>`: what is said while computed options are not there."
    MISTAKE = "mistake", "`mistake:<name>`: what is said above a field of the start form."
    CHANNEL = "channel", "`channel:post`: the field for the channel to post in."
    REHEARSAL = "rehearsal", "`rehearsal:form`: the field for a rehearsal."
    COMMENT = "comment", "`comment:<approval id>`: the field Comment."
    APPROVAL = "approval", "`approval:<approval id>`: the buttons of an approval."
    QUESTION = "question", "`question:<question id>`: the button of a step's question."
    STEP = "step", "`step:<task id>`: the buttons of a step whose outcome is unknown."
    RUN = "run", "`run:<number>`: a line in the list of runs."
    WORKFLOW = "workflow", "`workflow:<name>`: the buttons of a workflow in the list."


_PARAMETER_BLOCK = re.compile(rf"{BlockPrefix.PARAMETER}:(.+):[0-9a-f]{{8}}")
_OPTIONS_BLOCK = re.compile(rf"{BlockPrefix.OPTIONS}:(.+):[0-9a-f]{{8}}")


def block_id(prefix: BlockPrefix, name: object) -> str:
    return f"{prefix}:{name}"


def param_block_id(name: str, version: str) -> str:
    """The block id of a parameter's field. `version` is 8 hex digits that change with the field and its first
    value: Slack keeps what was typed under an unchanged id and ignores a new initial value."""
    return f"{BlockPrefix.PARAMETER}:{name}:{version}"


def options_block_id(name: str, version: str) -> str:
    """The block id of what stands in place of a field whose options are not there. `version` changes with it."""
    return f"{BlockPrefix.OPTIONS}:{name}:{version}"


def owner_name(block_id: str) -> str | None:
    """The parameter to whose field, or to what is said above it, this block id belongs; None for other blocks."""
    prefix = f"{BlockPrefix.MISTAKE}:"
    return block_id.removeprefix(prefix) if block_id.startswith(prefix) else asked_name(block_id)


def asked_name(block_id: str) -> str | None:
    """The parameter whose field this is, or what stands in its place until its options are there."""
    match = _OPTIONS_BLOCK.fullmatch(block_id)
    return match[1] if match else param_name(block_id)


def param_name(block_id: str) -> str | None:
    """The parameter whose field has this block id, or None when it is no such field."""
    match = _PARAMETER_BLOCK.fullmatch(block_id)
    return match[1] if match else None
