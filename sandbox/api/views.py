"""views.open, push, update and publish."""

import json
from collections.abc import Collection
from typing import Any

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import BOT_ONLY, Call, Method
from sandbox.elements import interactive_elements
from sandbox.errors import SlackError
from sandbox.messaging import from_json_text
from sandbox.normalise import complete_view
from sandbox.rate_limits import TIER_4
from sandbox.types import Json
from sandbox.validation.blocks import Surface
from sandbox.validation.views import MOST_BYTES, check_view
from sandbox.view_store import ShownView

FILES_SCOPE = "files:read"


def checked_view(view: Any, surface: Surface, scopes: Collection[str] | None = None) -> Json:
    """A view ready to be shown, or SlackError with every problem. `scopes` are the token's; None: not looked at."""
    problems = check_view(view, surface)
    if problems:
        raise invalid_arguments(*(str(problem) for problem in problems))
    if scopes is not None and FILES_SCOPE not in scopes and _has_file_input(view):
        raise SlackError("missing_scope", needed=FILES_SCOPE, provided=",".join(sorted(scopes)))
    if len(json.dumps(view).encode()) > MOST_BYTES:
        raise SlackError("view_too_large")
    return complete_view(view)


def _has_file_input(view: Json) -> bool:
    return any(element["type"] == "file_input" for _, element in interactive_elements(view["blocks"]))


def open_(call: Call) -> Json:
    trigger_id = _trigger_id(call)
    view = checked_view(_view(call), "modal", call.sandbox.scopes)
    trigger = call.sandbox.triggers.redeem(trigger_id)
    return {"view": call.workspace.views.open(trigger.user, view)}


def push(call: Call) -> Json:
    trigger_id = _trigger_id(call)
    view = checked_view(_view(call), "modal", call.sandbox.scopes)
    trigger = call.sandbox.triggers.redeem(trigger_id)
    if trigger.view_id is None:
        raise SlackError("invalid_trigger_id")
    below = call.workspace.views.find(trigger.view_id)
    if below is None:
        raise SlackError("not_found")
    if below.payload["type"] != "modal":
        sentence = "must match the `type` of the root view whose stack we're pushing onto"
        raise invalid_arguments(f"{sentence} [json-pointer:/view/type]")
    return {"view": call.workspace.views.push(trigger.user, view)}


def update(call: Call) -> Json:
    given = _view(call)
    shown = _shown(call)
    surface: Surface = "home" if shown.payload["type"] == "home" else "modal"
    view = checked_view(given, surface, call.sandbox.scopes)
    return {"view": call.workspace.views.update(shown, view, call.args.text("hash"))}


def publish(call: Call) -> Json:
    user = call.args.need("user_id")
    view = checked_view(_view(call), "home")
    if user not in call.workspace.people:
        raise invalid_arguments("invalid `user_id`")
    if call.sandbox.is_described and not call.sandbox.manifest.home_tab:
        raise SlackError("not_enabled")
    return {"view": call.workspace.views.publish_home(user, view, call.args.text("hash"))}


def _trigger_id(call: Call) -> str:
    """What a click gave for opening a view; a custom step's `interactivity_pointer` is as good."""
    return (
        call.args.text("trigger_id")
        or call.args.text("interactivity_pointer")
        or call.args.need("trigger_id")
    )


def _view(call: Call) -> Any:
    if call.args.given.get("view") in (None, ""):
        raise invalid_arguments("missing required field: view")
    return from_json_text(call.args.given["view"], "invalid_arguments")


def _shown(call: Call) -> ShownView:
    """The open view that `view_id` or `external_id` names."""
    view_id, external_id = call.args.text("view_id"), call.args.text("external_id")
    if view_id is None and external_id is None:
        raise invalid_arguments("missing required field: view_id")
    views = call.workspace.views
    shown = views.find(view_id) if view_id else views.find_external(str(external_id))
    if shown is None:
        raise SlackError("not_found")
    return shown


METHODS = {
    "views.open": Method(open_, TIER_4),
    "views.push": Method(push, TIER_4),
    "views.update": Method(update, TIER_4),
    "views.publish": Method(publish, TIER_4, kinds=BOT_ONLY),
}
