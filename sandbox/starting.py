"""People start the custom steps of the app."""

from sandbox.context import Sandbox
from sandbox.errors import ControlError
from sandbox.functions import FunctionExecution, function_executed
from sandbox.sight import Sight
from sandbox.types import Json


def start_function(sandbox: Sandbox, user: str, callback_id: str, inputs: Json) -> FunctionExecution:
    """Start a step of the installed app, which is told so at once; raises ControlError."""
    Sight(sandbox.workspace).person(user)
    functions = {function.callback_id: function for function in sandbox.manifest.functions}
    function = functions.get(callback_id)
    if function is None:
        known = ", ".join(functions) or "none"
        raise ControlError(
            "function_not_found", f"The app has no step {callback_id!r}; it has: {known}.", 404
        )
    token = sandbox.access.issue_just_in_time()
    try:
        execution = sandbox.functions.start(function, user, inputs, token)
    except ControlError:
        sandbox.access.revoke(token)
        raise
    sandbox.workspace.happened(function_executed(execution))
    return execution
