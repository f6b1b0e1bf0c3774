"""What we say privately when something is not possible, went wrong, or was not understood."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.ids import COMMAND, CallbackId
from blocks.parts import modal
from blocks.text import code, escape, section, sentence
from blocks.types import Message, View
from engine.core.errors import Problem

_COMMANDS = (
    ("run", "choose a workflow and start it"),
    ("run {name} key=value", "open its form, filled in"),
    ("list", "the workflows that you may see; further words narrow the list"),
    ("runs", "all runs, newest first"),
    ("run {name} --dry-run", "rehearse it: only show what would be done"),
    ("runs {name} status:failed", "runs of one workflow, with one status"),
    ("runs rehearsals:yes", "rehearsals too"),
    ("show 42", "the details of run #42"),
    ("cancel 42", "cancel run #42; its final steps still run"),
    ("cancel 42 --force", "stop it at once, without its final steps"),
    ("retry 42", "resume run #42 where it failed: what completed is kept"),
    ("help", "this text"),
)


def problem_message(problem: Problem) -> Message:
    """The problem's own sentence, for the one person who met it."""
    text = sentence(problem.template, problem.people)
    return Message(text, [section(text)])


def problem_view(message: Message) -> View:
    """The same in a modal, for clicks and submits inside one."""
    return modal("Not possible", message.blocks, CallbackId.MESSAGE)


def message_view(title: str, text: str) -> View:
    """A modal that says one thing to one person."""
    return modal(title, [section(sentence(text))], CallbackId.MESSAGE)


def unknown_error(error_id: str) -> Message:
    """For what no sentence foresees; the id finds it in the log."""
    text = (
        "Something went wrong on our side, and we do not know whether it was done. Look at `/workflow runs` "
        f"before you try again. If it happens again, tell an admin this number: {code(error_id, 60)}"
    )
    return Message(text, [section(text)])


def help_message(workflow_names: Sequence[str] = ()) -> Message:
    """All commands, with the name of a workflow that this person may run as the example."""
    name = workflow_names[0] if workflow_names else "deploy"
    lines = [f"`{COMMAND} {escape(words.format(name=name))}` {meaning}" for words, meaning in _COMMANDS]
    text = f"With `{COMMAND}` you run workflows from Slack and see how they go."
    blocks = [section(text), section("\n".join(lines))]
    return Message(f"{text} Its commands are run, list, runs, show, cancel, retry and help.", blocks)
