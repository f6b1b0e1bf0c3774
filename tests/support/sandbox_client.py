"""The sandbox's own client, under the name by which the tests know it."""

from sandbox.client import (
    ADA,
    BOB,
    CYD,
    GENERAL,
    GUS,
    OPS,
    PATIENCE,
    RELEASES,
    Json,
    SandboxClient,
    SandboxRefusal,
)

__all__ = [
    "ADA",
    "BOB",
    "CYD",
    "GENERAL",
    "GUS",
    "OPS",
    "PATIENCE",
    "RELEASES",
    "Json",
    "SandboxClient",
    "SandboxRefusal",
]
