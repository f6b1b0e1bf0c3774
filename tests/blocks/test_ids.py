"""The names in requests, and the page that lists them."""

from __future__ import annotations

import pytest

from blocks.ids import ActionId, BlockPrefix, block_id, param_block_id, param_name
from tests.support.ids_page import PAGE, ids_table


def test_the_page_of_ids_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == ids_table(), "run: python -m tests.support.ids_page"


def test_an_id_is_a_plain_string_with_a_meaning() -> None:
    assert str(ActionId.RUN_CANCEL) == "run_cancel"
    assert "RunRef" in ActionId.RUN_CANCEL.meaning
    assert block_id(BlockPrefix.RUN, 42) == "run:42"


@pytest.mark.parametrize("name", ["service", "a_b", "weird:name", "Ünïcode"])
def test_a_field_tells_its_parameter(name: str) -> None:
    assert param_name(param_block_id(name, "0123abcd")) == name


@pytest.mark.parametrize("block", ["", "param:", "param:x", "param:x:1", "run:42", "xparam:a:0123abcd"])
def test_other_block_ids_are_no_field(block: str) -> None:
    assert param_name(block) is None
