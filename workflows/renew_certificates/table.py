"""The outcome of all hosts as a text for people: a function of a `python` step."""

from dataclasses import dataclass

from renew_certificates.check import Checked


@dataclass
class Table:
    text: str
    good: list[str]
    bad: list[str]
    days_left: dict[str, int]


def table(rows: list[Checked]) -> Table:
    """`rows` arrive as a list of mappings, and become what the annotation says."""
    text = "\n".join(f"{'✓' if row.is_renewed else '✗'} {row.host}: {row.remark}" for row in rows)
    print(text)
    return Table(
        text,
        [row.host for row in rows if row.is_renewed],
        [row.host for row in rows if not row.is_renewed],
        {row.host: row.days_left for row in rows},
    )
