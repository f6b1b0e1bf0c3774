"""Starting a run: the picker, the form made from a workflow's parameters, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blocks.fields import field, initial, read_field
from blocks.ids import ActionId, BlockPrefix, CallbackId, block_id, param_name
from blocks.parts import menu, modal, option
from blocks.text import header, one_line, plain, plain_section, section
from blocks.types import BLOCKS_PER_VIEW, Block, View, WorkflowCard
from blocks.values import FormDraft, PickerDraft
from engine.core.definition import JsonValue, Parameter, Workflow

TITLE = "Run Workflow"
ALERT_LIMIT = 200
_FIELDS_LIMIT = BLOCKS_PER_VIEW - 6
_CHANNEL_BLOCK = block_id(BlockPrefix.CHANNEL, "post")


def picker(workflows: Sequence[WorkflowCard], channel_id: str | None) -> View:
    """Which workflow? Choosing one is the answer; the form then takes the picker's place."""
    if not workflows:
        blocks = [section("There is no workflow that you may run. An admin can give you the permission.")]
    else:
        options = [
            option(one_line(card.title) or card.name, card.name, one_line(card.description))
            for card in workflows
        ]
        select = {
            "type": "static_select",
            "action_id": ActionId.RUN_PICK.value,
            "placeholder": plain("Choose a workflow", 150),
        } | menu(options)
        blocks = [section("*Which workflow do you want to run?*") | {"accessory": select}]
    return modal(TITLE, blocks, CallbackId.PICKER, metadata=PickerDraft(channel_id))


def start_form(
    workflow: Workflow,
    values: Mapping[str, JsonValue],
    mistakes: Mapping[str, str],
    draft: FormDraft,
    *,
    ask_channel: bool = False,
) -> View:
    """The form, filled with `values` and, where these have none, the parameters' defaults.

    `mistakes` (parameter name to sentence) stand above their fields: Slack shows errors at fields only in
    answer to a submit. `ask_channel` adds a field for where to post: we are not in the command's channel.
    """
    blocks = [header(workflow.title)]
    if workflow.description.strip():
        blocks.append(plain_section(workflow.description, 1000))
    if ask_channel:
        blocks += _channel_blocks()
    parameters = workflow.parameters[:_FIELDS_LIMIT]
    shown = {each.name: values.get(each.name, each.default) for each in parameters}
    mistakes = _with_unshown(parameters, shown, mistakes)
    blocks += _alerts_without_field(parameters, mistakes)
    room = BLOCKS_PER_VIEW - len(blocks) - len(parameters) - 1
    for parameter in parameters:
        if parameter.name in mistakes and room > 0:
            blocks.append(_alert(f"{parameter.title or parameter.name}: {mistakes[parameter.name]}"))
            room -= 1
        blocks.append(field(workflow.digest, parameter, shown[parameter.name]))
    if not parameters:
        blocks.append(section("This workflow needs no parameters."))
    if len(workflow.parameters) > len(parameters):
        blocks.append(
            section("Further parameters do not fit here; give them in the command as `name=value`.")
        )
    return modal(TITLE, blocks, CallbackId.START_FORM, metadata=draft, submit="Start Execution")


def _with_unshown(
    parameters: Sequence[Parameter], shown: Mapping[str, JsonValue], mistakes: Mapping[str, str]
) -> dict[str, str]:
    """The mistakes, and a sentence for each value that its field cannot hold."""
    unshown = {
        each.name: "The value given cannot be shown in this field; enter it here."
        for each in parameters
        if initial(each, shown[each.name]) is None
    }
    return unshown | dict(mistakes)


def _alerts_without_field(parameters: Sequence[Parameter], mistakes: Mapping[str, str]) -> list[Block]:
    known = {each.name for each in parameters}
    lost = [f"{name}: {sentence}" for name, sentence in mistakes.items() if name not in known]
    return [_alert("\n".join(lost))] if lost else []


def _alert(text: str) -> Block:
    return {"type": "alert", "level": "error", "text": plain(text, ALERT_LIMIT)}


def _channel_blocks() -> list[Block]:
    warning = "Handrail is not in this channel, so it cannot post there. Choose where the run is shown."
    return [
        {"type": "alert", "level": "warning", "text": plain(warning, ALERT_LIMIT)},
        {
            "type": "input",
            "block_id": _CHANNEL_BLOCK,
            "label": plain("Channel for this run", 75),
            "element": {
                "type": "conversations_select",
                "action_id": ActionId.CHANNEL_PICK.value,
                "filter": {"include": ["public", "private"]},
            },
        },
    ]


def read_form(workflow: Workflow, state_values: Mapping[str, Any]) -> dict[str, JsonValue]:
    """What was filled in, by parameter. Fields left empty are absent, an empty choice of many is an empty
    list, and what is not of its type stays text, for the check of parameters to say so."""
    states = {param_name(block): fields for block, fields in state_values.items()}
    values: dict[str, JsonValue] = {}
    for parameter in workflow.parameters:
        fields = states.get(parameter.name)
        state = fields.get(ActionId.PARAMETER) if isinstance(fields, Mapping) else None
        value = read_field(parameter, state) if isinstance(state, Mapping) else None
        if value is not None:
            values[parameter.name] = value
    return values


def read_channel(state_values: Mapping[str, Any]) -> str | None:
    """The channel chosen in the form, if it asked for one."""
    fields = state_values.get(_CHANNEL_BLOCK)
    state = fields.get(ActionId.CHANNEL_PICK) if isinstance(fields, Mapping) else None
    channel = state.get("selected_conversation") if isinstance(state, Mapping) else None
    return channel if isinstance(channel, str) else None


def channel_error(sentence: str) -> dict[str, str]:
    """What is wrong with the channel chosen in the form, as the answer to a submit wants it."""
    return {_CHANNEL_BLOCK: sentence}


def field_errors(state_values: Mapping[str, Any], mistakes: Mapping[str, str]) -> dict[str, str]:
    """`mistakes` by block id, as the answer to a submit wants them. One whose field was not in the form
    stands at the first field; empty when the form had no field at all."""
    blocks = {name: block for block in state_values if (name := param_name(block)) is not None}
    errors: dict[str, str] = {}
    for name, text in mistakes.items():
        block = blocks.get(name) or next(iter(blocks.values()), None)
        if block is not None:
            said = text if name in blocks else f"{name}: {text}"
            errors[block] = f"{errors[block]} {said}" if block in errors else said
    return errors


def loading(title: str = TITLE) -> View:
    """A modal opened at once, within the life of its trigger, and filled when its content is known."""
    return modal(title, [section("One moment …")], CallbackId.LOADING)
