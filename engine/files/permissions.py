"""The permissions file beside the workflows: who is granted what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from engine.core.permission import ALL_WORKFLOWS, EVERYONE, Capability, Grant
from engine.core.slack_ids import GROUP_ID, USER_ID
from engine.core.text import did_you_mean, excerpt, listed
from engine.files.actions import NAME
from engine.files.fields import Fields
from engine.files.nodes import Items, Mistakes, Node, Table, read_nodes

_CODE = "PERMISSION"


def read_permissions(path: Path | str, text: str) -> tuple[Grant, ...]:
    """The grants that the text of the file says. Raises InvalidWorkflow with every mistake."""
    mistakes = Mistakes(str(path))
    node = read_nodes(text, mistakes)
    grants: list[Grant] = []
    if isinstance(node, Table):
        fields = Fields(node, mistakes, "the permissions", ("grants",))
        grants = [_read_grant(entry, mistakes) for entry in _entries(fields)]
    elif node is not None:
        mistakes.add(node.place, "YAML-SHAPE", "The permissions file is a mapping. Begin with 'grants:'.")
    mistakes.raise_if_any()
    return tuple(grants)


def _entries(fields: Fields) -> Sequence[Node]:
    node = fields.require("grants", "[{to: {everyone: true}, workflows: '*', allow: [LIST_WORKFLOWS]}]")
    if isinstance(node, Items):
        return node.nodes
    if node is not None:
        fields.add("grants", "WF-TYPE", "'grants' must be a list. Begin each grant with '- to:'.")
    return ()


def _read_grant(node: Node, mistakes: Mistakes) -> Grant:
    if not isinstance(node, Table):
        mistakes.add(node.place, "WF-TYPE", "A grant is a mapping with 'to', 'workflows' and 'allow'.")
        return Grant(frozenset(), frozenset(), frozenset())
    fields = Fields(node, mistakes, "a grant", ("to", "workflows", "allow"))
    return Grant(_read_subjects(fields), _read_workflows(fields), _read_capabilities(fields))


def _read_subjects(fields: Fields) -> frozenset[str]:
    fields.require("to", "{users: [U0BOB], groups: [S0OPS]}")
    table = fields.sub_table("to")
    if table is None:
        return frozenset()
    to = Fields(table, fields.mistakes, "'to'", ("users", "groups", EVERYONE))
    users = _read_shaped(to, "users", USER_ID, "a Slack user id such as U0BOB")
    groups = _read_shaped(to, "groups", GROUP_ID, "a Slack user group id such as S0OPS")
    everyone = {EVERYONE} if to.boolean(EVERYONE) else set()
    if not to.table.entries:
        fields.add("to", _CODE, "'to' names nobody. Write users, groups or everyone: true.")
    return frozenset(users | groups | everyone)


def _read_workflows(fields: Fields) -> frozenset[str]:
    fields.require("workflows", "[deploy]")
    names = _read_shaped(fields, "workflows", _WORKFLOW, "the name of a workflow. Write '*' for all")
    return frozenset(names)


_WORKFLOW = re.compile(rf"{NAME.pattern}|{re.escape(ALL_WORKFLOWS)}", re.ASCII)


def _read_shaped(fields: Fields, key: str, shape: re.Pattern[str], wanted: str) -> set[str]:
    scalars = fields.scalars(key)
    for scalar in scalars:
        if not shape.fullmatch(scalar.text):
            fields.mistakes.add(scalar.place, _CODE, f"'{excerpt(scalar.text)}' is not {wanted}.")
    return {scalar.text for scalar in scalars}


def _read_capabilities(fields: Fields) -> frozenset[Capability]:
    fields.require("allow", "[RUN_WORKFLOW]")
    known = [capability.value for capability in Capability]
    found: set[Capability] = set()
    for scalar in fields.scalars("allow"):
        if scalar.text in known:
            found.add(Capability(scalar.text))
        else:
            fields.mistakes.add(
                scalar.place,
                _CODE,
                f"There is no capability '{excerpt(scalar.text)}'.{did_you_mean(scalar.text, known)} "
                f"Choose from: {listed(known)}.",
            )
    return frozenset(found)
