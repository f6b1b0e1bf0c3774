"""What people ask of the engine: one function, one transaction, one effect each.

Permissions are checked here, when the request arrives, by the signed identity, and nowhere else. A delivery key
makes a repeated request harmless: it is kept in the transaction of its effect, together with the answer, which
may be a refusal: what was refused once does not happen later, because its request is repeated.
"""

from engine.commands.answering import Answered, answer_question, may_answer, question_fields, settle_message
from engine.commands.deciding import Decided, decide
from engine.commands.opening import workflow_to_run
from engine.commands.resuming import Resumed, resume_run
from engine.commands.rights import (
    find_viewable_run,
    listable_workflow_names,
    may_cancel,
    policy_of,
    viewable_run,
    visible_workflows,
)
from engine.commands.starting import Started, start_run
from engine.commands.stopping import CancelAsked, cancel_run

__all__ = [
    "Answered",
    "CancelAsked",
    "Decided",
    "Resumed",
    "Started",
    "answer_question",
    "cancel_run",
    "decide",
    "find_viewable_run",
    "listable_workflow_names",
    "may_answer",
    "may_cancel",
    "policy_of",
    "question_fields",
    "resume_run",
    "settle_message",
    "start_run",
    "viewable_run",
    "visible_workflows",
    "workflow_to_run",
]
