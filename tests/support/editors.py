"""Workflow files as editors read them before they check them against the JSON Schema."""

from __future__ import annotations

import yaml


class _TextLoader(yaml.SafeLoader):
    """Reads dates and times as the text they are, as YAML 1.2 does."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, shape) for tag, shape in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_editors_read(text: str) -> object:
    value: object = yaml.load(text, Loader=_TextLoader)  # made from the safe one
    return value
