"""Elements that hold a value, as native form controls that any browser and screen reader understands.

Each is wrapped in `.control` with the ids that the page's script needs to read and send what was chosen."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from sandbox.render.choices import TEXTS, Group, Option, chosen_values, current, flat_text, options
from sandbox.render.context import Context
from sandbox.render.dates import moment
from sandbox.render.elements import confirm_dialog
from sandbox.render.html import Attribute, tag
from sandbox.render.mrkdwn import text_object, words
from sandbox.types import Json
from sandbox.uploads import MOST_FILES

GROUPS = frozenset(
    {"checkboxes", "radio_buttons", "multi_static_select", "multi_users_select", "multi_channels_select"}
    | {"multi_conversations_select"}
)
_TYPED = {"email_text_input": "email", "url_text_input": "url"}


@dataclass(frozen=True)
class Field:
    """How a control is named, described and heard. Without `label_id` its placeholder is its name.
    `dispatch` says what is sent to the app at once: every change, Enter, each character, or None."""

    block_id: str
    dispatch: str | None = "change"
    label_id: str | None = None
    described_by: str | None = None
    required: bool = False


def control(element: Json, field: Field, context: Context) -> Markup:
    """The wrapped control of an element with a value. KeyError when the type is not one of those."""
    kind, draw = _CONTROLS[element["type"]]
    confirm = element.get("confirm")
    return tag(
        "div",
        draw(element, field, context),
        confirm_dialog(confirm, context) if confirm else None,
        class_=f"control control-{kind}",
        data_key=f"control:{element['type']}:{field.block_id}:{element.get('action_id', '')}",
        data_control=kind,
        data_block_id=field.block_id,
        data_action_id=str(element.get("action_id") or ""),
        data_dispatch=field.dispatch,
        data_min_query=element.get("min_query_length", 3) if kind.startswith("external") else None,
        data_zone=str(context.zone) if kind == "datetime" else None,
    )


def control_id(element: Json, block_id: str, context: Context) -> str:
    """The DOM id of the control itself, for its label's `for`."""
    return context.dom_id("control", block_id, str(element.get("action_id") or ""))


def _common(element: Json, field: Field, context: Context) -> dict[str, Attribute]:
    return {
        "id": control_id(element, field.block_id, context),
        "aria_describedby": field.described_by,
        "aria_required": "true" if field.required else None,
        "autofocus": bool(element.get("focus_on_load")),
        "aria_label": None if field.label_id else words(element.get("placeholder")) or _default_name(element),
    }


def _default_name(element: Json) -> str:
    kind = str(element["type"]).removeprefix("multi_").removesuffix("s_select").removesuffix("_select")
    return {
        "file_input": "Upload a file",
        "datepicker": "Select a date",
        "timepicker": "Select a time",
        "datetimepicker": "Select a date and time",
        "user": "Select a user",
        "channel": "Select a channel",
        "conversation": "Select a conversation",
        "checkboxes": "Options",
        "radio_buttons": "Options",
    }.get(kind, "Select an option")


def _text(element: Json, field: Field, context: Context) -> Markup:
    common = _common(element, field, context) | {"placeholder": words(element.get("placeholder")) or None}
    value = flat_text(current(element, field.block_id, context))
    if element.get("multiline") or element["type"] == "rich_text_input":
        # HTML drops one line break right after <textarea>, so one is given to be dropped.
        return tag("textarea", "\n" + value.removesuffix("\n"), rows=4, class_="input", **common)
    numeric = element["type"] == "number_input"
    mode = ("decimal" if element.get("is_decimal_allowed") else "numeric") if numeric else None
    kind = _TYPED.get(element["type"], "text")
    return tag("input", type=kind, inputmode=mode, value=value, autocomplete="off", class_="input", **common)


def _moment(kind: str) -> Callable[[Json, Field, Context], Markup]:
    def draw(element: Json, field: Field, context: Context) -> Markup:
        value = current(element, field.block_id, context)
        if kind == "datetime-local" and value is not None:
            value = f"{moment(int(value), context):%Y-%m-%dT%H:%M}"
        return tag("input", type=kind, value=value, class_="input", **_common(element, field, context))

    return draw


def _file(element: Json, field: Field, context: Context) -> Markup:
    """A choice of files; the sandbox is told their names, sizes and types, and not what is in them."""
    kinds = ",".join(f".{kind}" for kind in element.get("filetypes") or [])
    many = (element.get("max_files") or MOST_FILES) > 1
    common = _common(element, field, context)
    return tag("input", type="file", accept=kinds or None, multiple=many, class_="input", **common)


def _select(element: Json, field: Field, context: Context) -> Markup:
    chosen = chosen_values(current(element, field.block_id, context))
    placeholder = words(element.get("placeholder")) or _default_name(element)
    parts = [tag("option", placeholder, value="", selected=not chosen)]
    for group in options(element, context):
        drawn = [
            tag("option", words(o.text), value=o.value, selected=o.value in chosen) for o in group.options
        ]
        parts += [tag("optgroup", drawn, label=words(group.label))] if group.label else drawn
    return tag("select", parts, class_="input", **_common(element, field, context))


def _checks(element: Json, field: Field, context: Context) -> Markup:
    """Checkboxes, and multi-selects drawn as a list of them."""
    return _boxes("checkbox", element, field, context)


def _radios(element: Json, field: Field, context: Context) -> Markup:
    return _boxes("radio", element, field, context)


def _boxes(kind: str, element: Json, field: Field, context: Context) -> Markup:
    chosen = chosen_values(current(element, field.block_id, context))
    common = _common(element, field, context)
    focus = common.pop("autofocus")
    name = str(common["id"])
    groups = [_group(kind, group, chosen, name, context) for group in options(element, context)]
    return tag(
        "div",
        groups,
        class_="choices choices-list" if str(element["type"]).startswith("multi_") else "choices",
        role="radiogroup" if kind == "radio" else "group",
        aria_labelledby=field.label_id,
        tabindex="-1" if focus else None,
        autofocus=focus,
        **(common | {"aria_required": common["aria_required"] if kind == "radio" else None}),
    )


def _group(kind: str, group: Group, chosen: list[str], name: str, context: Context) -> list[Markup]:
    title = [tag("p", words(group.label), class_="choices-title")] if group.label else []
    return title + [_box(kind, option, option.value in chosen, name, context) for option in group.options]


def _box(kind: str, option: Option, checked: bool, name: str, context: Context) -> Markup:
    description = (
        tag("span", text_object(option.description, context), class_="hint") if option.description else None
    )
    text = tag("span", text_object(option.text, context), description, class_="choice-text")
    key = f"option:{option.value}"
    box = tag("input", type=kind, name=name, value=option.value, checked=checked, data_key=key)
    return tag("label", box, text, class_="choice", data_key=f"choice:{option.value}")


def _external(element: Json, field: Field, context: Context) -> Markup:
    """A typed search: the script fills the list with what the app answers."""
    raw = current(element, field.block_id, context)
    picked = raw if isinstance(raw, list) else [raw] if raw else []
    many = str(element["type"]).startswith("multi_")
    common = _common(element, field, context)
    list_id = f"{common['id']}-list"
    tokens = [_token(option, many) for option in picked]
    search = tag(
        "input",
        type="text",
        role="combobox",
        autocomplete="off",
        aria_autocomplete="list",
        aria_expanded="false",
        aria_controls=list_id,
        value=None if many or not picked else words(picked[0]["text"]),
        placeholder=words(element.get("placeholder")) or "Type to search",
        class_="input",
        **common,
    )
    return tag(
        "div",
        tag("ul", tokens, class_="tokens", data_own=True, aria_label="Chosen"),
        search,
        tag(
            "ul",
            role="listbox",
            id=list_id,
            class_="listbox",
            hidden=True,
            data_own=True,
            aria_label="Options",
        ),
        class_="combobox",
    )


def _token(option: Json, removable: bool) -> Markup:
    text = words(option["text"])
    cross = tag("button", "×", type="button", class_="token-remove", aria_label=f"Remove {text}")
    return tag(
        "li", tag("span", text), cross if removable else None, class_="token", data_value=str(option["value"])
    )


Draw = Callable[[Json, Field, Context], Markup]
_CONTROLS: dict[str, tuple[str, Draw]] = {
    **dict.fromkeys(TEXTS, ("text", _text)),
    "datepicker": ("date", _moment("date")),
    "timepicker": ("time", _moment("time")),
    "datetimepicker": ("datetime", _moment("datetime-local")),
    "file_input": ("file", _file),
    "static_select": ("select", _select),
    "users_select": ("select", _select),
    "channels_select": ("select", _select),
    "conversations_select": ("select", _select),
    "external_select": ("external", _external),
    "multi_external_select": ("external-many", _external),
    "radio_buttons": ("radio", _radios),
    **dict.fromkeys(GROUPS - {"radio_buttons"}, ("checks", _checks)),
}
CONTROLS = frozenset(_CONTROLS)
