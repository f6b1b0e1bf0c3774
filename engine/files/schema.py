"""The JSON Schema of workflow files, for editors: completion, descriptions, and most mistakes while typing.

`files.py` is stricter: it also knows which names, steps and values fit together.
"""

from __future__ import annotations

from engine.core.definition import OnConflict
from engine.files.actions import NAME, VALUE_NAME
from engine.files.parameters import IDENTIFIER, MAX_PARAMETERS
from engine.files.schema_parameters import parameter_schema
from engine.files.schema_parts import Schema, choice, duration, filled, named, table, text, whole
from engine.files.schema_steps import final_step_schema, step_schema
from engine.files.steps import MAX_STEPS
from engine.files.workflow import MAX_SECRETS
from engine.secrets import OWN_VARIABLE, VARIABLE_PREFIX


def json_schema() -> Schema:
    """A schema of draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Handrail workflow",
        **table(
            {
                "name": text("What people type: /workflow run NAME.", pattern=whole(NAME.pattern)),
                "title": text("What people read.", maxLength=150),
                "description": text("What the workflow is for."),
                "parameters": named(
                    IDENTIFIER.pattern,
                    {"$ref": "#/$defs/parameter"},
                    "The form.",
                    maxProperties=MAX_PARAMETERS,
                ),
                "secrets": _secrets(),
                "timeout": duration("How long the whole run may take; without it, as long as its steps do."),
                "concurrency": _concurrency(),
                "steps": _steps(
                    {"$ref": "#/$defs/step"},
                    "What to do. Steps run as soon as what they need is done.",
                ),
                "finally": _steps(
                    final_step_schema(), "What to do after all steps, whatever became of them."
                ),
                "outputs": named(VALUE_NAME.pattern, {}, "Values of the whole run, for people and programs."),
            },
            required=["name", "steps"],
        ),
        "$defs": {"parameter": parameter_schema(), "step": step_schema()},
    }


def _secrets() -> Schema:
    ours = OWN_VARIABLE.removeprefix(VARIABLE_PREFIX).lower()
    name = {"type": "string", "pattern": whole(IDENTIFIER.pattern), "not": {"const": ours}}
    many = {"type": "array", "items": name, "uniqueItems": True, "maxItems": MAX_SECRETS}
    return {"description": "Names of secrets that steps use.", "anyOf": [name, many]}


def _concurrency() -> Schema:
    key = filled("Runs with the same key are in progress one at a time.")
    on_conflict = choice("What the later run does: queue when not said.", [each.value for each in OnConflict])
    return {
        "description": "Which runs must not be in progress at the same time.",
        "anyOf": [key, table({"key": key, "on_conflict": on_conflict}, required=["key"])],
    }


def _steps(step: Schema, description: str) -> Schema:
    return named(IDENTIFIER.pattern, step, description, minProperties=1, maxProperties=MAX_STEPS)
