"""The one alias for Slack's JSON: loosely typed at this edge, checked by `sandbox.validation`."""

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
