"""functions.completeSuccess and completeError: how an app ends a custom step."""

from sandbox.api.arguments import invalid_arguments
from sandbox.api.call import BOT_ONLY, Call, Method
from sandbox.messaging import from_json_text
from sandbox.rate_limits import TIER_3
from sandbox.types import Json


def complete_success(call: Call) -> Json:
    execution_id = call.args.need("function_execution_id")
    if call.args.given.get("outputs") in (None, ""):
        raise invalid_arguments("missing required field: outputs")
    outputs = from_json_text(call.args.given["outputs"], "invalid_arguments")
    if not isinstance(outputs, dict):
        raise invalid_arguments("must provide an object [json-pointer:/outputs]")
    call.sandbox.functions.complete(execution_id, outputs)
    return {}


def complete_error(call: Call) -> Json:
    execution_id, error = call.args.need("function_execution_id"), call.args.need("error")
    call.sandbox.functions.fail(execution_id, error)
    return {}


METHODS = {
    "functions.completeSuccess": Method(complete_success, TIER_3, kinds=BOT_ONLY),
    "functions.completeError": Method(complete_error, TIER_3, kinds=BOT_ONLY),
}
