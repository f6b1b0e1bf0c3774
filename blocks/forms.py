"""Starting a run: the picker, the form made from a workflow's parameters, and what was filled in."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from blocks.fields import NO_GROUPS, YES, Groups, field, initial, read_field
from blocks.ids import ActionId, BlockPrefix, CallbackId, asked_name, block_id, owner_name, param_name
from blocks.options import Computed, note
from blocks.parts import actions, menu, modal, option
from blocks.text import header, one_line, plain, plain_section, section
from blocks.types import BLOCKS_PER_VIEW, VIEW_LENGTH, Block, View, WorkflowCard
from blocks.values import FormDraft, PickerDraft
from engine.core.asking import deciding_names
from engine.core.definition import JsonValue, Parameter, Workflow
from engine.core.errors import Problem
from engine.core.json_text import NotJson
from engine.core.options import with_options

TITLE = "Run Workflow"
ALERT_LIMIT = 200
_FIELDS_LIMIT = BLOCKS_PER_VIEW - 8
_KEPT_LIMIT = 1200
"""Characters of JSON that the form remembers of values that are not asked at the moment."""
_REMEMBERED_LIMIT = 1600
"""The same, with the look-ups of computed options."""
NOTHING_COMPUTED: Mapping[str, Computed] = MappingProxyType({})
NEWLY_ASKED = "After what you chose, this is asked too. Fill it in, then press Start Execution."
_CHANNEL_BLOCK = block_id(BlockPrefix.CHANNEL, "post")
_REHEARSAL_BLOCK = block_id(BlockPrefix.REHEARSAL, "form")


class FormTooLarge(Problem):
    """Slack would not open this form."""

    code = "WF-FORM-SIZE"


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
    notice: str = "",
    hidden: Collection[str] = (),
    groups: Groups = NO_GROUPS,
    is_rehearsal: bool = False,
    computed: Mapping[str, Computed] = NOTHING_COMPUTED,
) -> View:
    """The form, filled with `values` and, where these have none, the parameters' defaults.

    `mistakes` (parameter name to sentence) stand above their fields: Slack shows errors at fields only in
    answer to a submit. `ask_channel` adds a field for where to post: we are not in the command's channel.
    `notice` says on top why the form is shown again. `hidden` parameters are not asked, their values kept. With
    `is_rehearsal`, the box for a rehearsal is ticked. `computed` is how it stands with computed options.
    """
    blocks = [header(workflow.title)]
    if workflow.description.strip():
        blocks.append(plain_section(workflow.description, 1000))
    if notice:
        blocks.append(_alert(notice))
    if ask_channel:
        blocks += _channel_blocks()
    parameters = [_resolved(each, computed) for each in workflow.parameters if each.name not in hidden][
        :_FIELDS_LIMIT
    ]
    shown = {each.name: values.get(each.name, each.default) for each in parameters}
    visible_mistakes = {name: sentence for name, sentence in mistakes.items() if name not in hidden}
    mistakes = _with_unshown(parameters, shown, visible_mistakes, groups)
    blocks += _alerts_without_field(parameters, mistakes)
    room = BLOCKS_PER_VIEW - len(blocks) - len(parameters) - 2
    deciding = deciding_names(workflow.parameters)
    for parameter in parameters:
        name = parameter.name
        if name in mistakes and room > 0:
            blocks.append(_alert(f"{parameter.title or name}: {mistakes[name]}", above=name))
            room -= 1
        blocks.append(
            _field_or_note(workflow, parameter, shown[name], groups, computed, decides=name in deciding)
        )
    if not workflow.parameters:
        blocks.append(section("This workflow needs no parameters."))
    if len(workflow.parameters) - len(hidden) > len(parameters):
        blocks.append(
            section("Further parameters do not fit here; give them in the command as `name=value`.")
        )
    blocks.append(_rehearsal_block(is_ticked=is_rehearsal))
    return _form(blocks, draft, values, hidden, computed)


def _resolved(parameter: Parameter, computed: Mapping[str, Computed]) -> Parameter:
    """The parameter with its options, where they were computed."""
    found = computed.get(parameter.name)
    return with_options(parameter, found.options) if found is not None and found.options else parameter


def _field_or_note(
    workflow: Workflow,
    parameter: Parameter,
    value: JsonValue,
    groups: Groups,
    computed: Mapping[str, Computed],
    *,
    decides: bool,
) -> Block:
    found = computed.get(parameter.name)
    if found is None:
        return field(workflow.digest, parameter, value, groups=groups, decides=decides)
    if not found.options:
        return note(parameter, found)
    resolved = _resolved(parameter, computed)
    return field(workflow.digest, resolved, value, decides=decides, look_up_id=found.look_up_id)


def _rehearsal_block(*, is_ticked: bool) -> Block:
    box = option("Rehearsal: only show what would be done", YES)
    ticked = {"initial_options": [box]} if is_ticked else {}
    element = {"type": "checkboxes", "action_id": ActionId.REHEARSAL.value, "options": [box], **ticked}
    return actions(element, block_id=_REHEARSAL_BLOCK)


def _form(
    blocks: list[Block],
    draft: FormDraft,
    values: Mapping[str, JsonValue],
    hidden: Collection[str],
    computed: Mapping[str, Computed],
) -> View:
    options = {name: found.look_up_id for name, found in computed.items() if found.look_up_id}
    room = min(_KEPT_LIMIT, _REMEMBERED_LIMIT - len(json.dumps(options)))
    kept: dict[str, JsonValue] = {}
    for name in (*hidden, *(name for name, found in computed.items() if not found.options)):
        more = kept | {name: values.get(name)}
        is_whole = more[name] is not None and not isinstance(more[name], NotJson)
        if is_whole and len(json.dumps(more)) <= room:
            kept = more
    metadata = replace(draft, kept=kept, options=options)
    view = modal(TITLE, blocks, CallbackId.START_FORM, metadata=metadata, submit="Start Execution")
    if len(json.dumps(view)) > VIEW_LENGTH:
        raise FormTooLarge(
            f"The form of `{draft.workflow}` is larger than what Slack shows (250 KB). Nothing was started. "
            "Whoever looks after the workflow can give its choices fewer or shorter options."
        )
    return view


def changed_form(
    workflow: Workflow,
    view: Mapping[str, Any],
    values: Mapping[str, JsonValue],
    draft: FormDraft,
    *,
    hidden: Collection[str],
    groups: Groups = NO_GROUPS,
    is_submitted: bool = False,
    computed: Mapping[str, Computed] = NOTHING_COMPUTED,
    mistakes: Mapping[str, str] = MappingProxyType({}),
) -> View:
    """The form before a person, `view` as Slack tells of it, with the fields that are asked now.

    Fields that stay keep their very blocks, and Slack keeps what was typed in them. Those with computed options are
    made anew, with the same ids as long as their options are the same; `mistakes` are about them. A form that
    `is_submitted` says above each new field that it is new.
    """
    head, own, tail = _parts(view.get("blocks") or [])
    deciding = deciding_names(workflow.parameters)
    blocks = head
    for parameter in workflow.parameters[:_FIELDS_LIMIT]:
        name = parameter.name
        if name in hidden:
            continue
        said = mistakes.get(name) if name in computed else None
        if name not in own and is_submitted:
            said = said or NEWLY_ASKED
        if said:
            blocks.append(_alert(f"{parameter.title or name}: {said}", above=name))
        made = _field_or_note(
            workflow, parameter, values.get(name), groups, computed, decides=name in deciding
        )
        blocks += [made] if name in computed else own.get(name) or [made]
    return _form(blocks + tail, draft, values, hidden, computed)


def asked_names(view: Mapping[str, Any]) -> frozenset[str]:
    """The parameters that are asked in the form, as Slack tells of it."""
    names = (asked_name(str(block.get("block_id"))) for block in view.get("blocks") or [])
    return frozenset(name for name in names if name is not None)


def shape(workflow: Workflow, view: Mapping[str, Any]) -> frozenset[str]:
    """What tells two states of the same form apart: the names of its parameters; of those with computed options,
    the ids of their blocks, which change with what is shown there."""
    computed = {each.name for each in workflow.parameters if each.source is not None}
    ids = [str(block.get("block_id")) for block in view.get("blocks") or []]
    return frozenset(
        block if name in computed else name for block in ids if (name := owner_name(block)) is not None
    )


def noted_names(view: Mapping[str, Any]) -> frozenset[str]:
    """The parameters in whose place something is said, as their options are not there."""
    ids = [str(block.get("block_id")) for block in view.get("blocks") or []]
    return frozenset(name for block in ids if param_name(block) is None and (name := asked_name(block)))


def _parts(blocks: Sequence[Block]) -> tuple[list[Block], dict[str, list[Block]], list[Block]]:
    """The blocks before the fields, those of each field, and the rest."""
    head: list[Block] = []
    own: dict[str, list[Block]] = {}
    tail: list[Block] = []
    for block in blocks:
        name = owner_name(str(block.get("block_id")))
        if name is not None:
            own.setdefault(name, []).append(block)
        else:
            (tail if own else head).append(block)
    return head, own, tail


def _with_unshown(
    parameters: Sequence[Parameter],
    shown: Mapping[str, JsonValue],
    mistakes: Mapping[str, str],
    groups: Groups,
) -> dict[str, str]:
    """The mistakes, and a sentence for each value that its field cannot hold."""
    unshown = {
        each.name: "The value given cannot be shown in this field; enter it here."
        for each in parameters
        if each.source is None and initial(each, shown[each.name], groups) is None
    }
    return unshown | dict(mistakes)


def _alerts_without_field(parameters: Sequence[Parameter], mistakes: Mapping[str, str]) -> list[Block]:
    known = {each.name for each in parameters}
    lost = [f"{name}: {sentence}" for name, sentence in mistakes.items() if name not in known]
    return [_alert("\n".join(lost))] if lost else []


def _alert(text: str, *, above: str | None = None) -> Block:
    block: Block = {"type": "alert", "level": "error", "text": plain(text, ALERT_LIMIT)}
    return block | {"block_id": block_id(BlockPrefix.MISTAKE, above)} if above is not None else block


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
    return read_fields(workflow.parameters, state_values)


def read_fields(fields_asked: Sequence[Parameter], state_values: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The same for any list of fields."""
    states = {param_name(block): fields for block, fields in state_values.items()}
    values: dict[str, JsonValue] = {}
    for parameter in fields_asked:
        fields = states.get(parameter.name)
        state = fields.get(ActionId.PARAMETER) if isinstance(fields, Mapping) else None
        value = read_field(parameter, state) if isinstance(state, Mapping) else None
        if value is not None:
            values[parameter.name] = value
    return values


def read_rehearsal(state_values: Mapping[str, Any]) -> bool:
    """Whether the box for a rehearsal is ticked."""
    fields = state_values.get(_REHEARSAL_BLOCK)
    state = fields.get(ActionId.REHEARSAL) if isinstance(fields, Mapping) else None
    return isinstance(state, Mapping) and bool(state.get("selected_options"))


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
