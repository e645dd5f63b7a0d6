"""What a log line may show: no telephone number, no row of the database."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
import structlog

from dialer.logs import log_to, mask_persons


def masked(value: Any) -> Any:
    return mask_persons(None, "info", {"value": value})["value"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+819000001234", "*********1234"),
        ("PJSIP/+819000001234@trunk", "PJSIP/*********1234@trunk"),
        ("to 0300000321 now", "to ******0321 now"),
        ("Key (number)=(+819000001234) exists", "Key (number)=(*********1234) exists"),
        ("1795210673.946678", "1795210673.946678"),
        ("leg-1001-0a1b2c3d", "leg-1001-0a1b2c3d"),
        ("0a6bd4d1-93f8-4b43-9a61-3a0b6f5f1c11", "0a6bd4d1-93f8-4b43-9a61-3a0b6f5f1c11"),
        (17, 17),
        (None, None),
    ],
)
def test_numbers_are_blanked_but_for_their_last_digits(value: object, expected: object) -> None:
    """National and international, also inside a dial string; ids and times stay."""
    assert masked(value) == expected


def test_numbers_inside_lists_and_mappings_are_blanked_too() -> None:
    """A value may be a collection."""
    assert masked({"numbers": ["+819000001234"], "n": 1}) == {"numbers": ["*********1234"], "n": 1}
    assert masked(("0300000321",)) == ["******0321"]


def test_a_row_that_postgresql_quotes_is_left_out_with_all_its_lines() -> None:
    """A note of several lines in ``DETAIL`` goes; what follows the row stays."""
    text = (
        "NotNullViolationError: null value\nDETAIL:  Failing row contains (1, 作成 太郎,\nsecond line of a note).\n"
        "\nDuring handling of the above exception, another exception occurred:\nTraceback"
    )
    shown = masked(text)
    assert "作成" not in shown
    assert "second line" not in shown
    assert "null value" in shown
    assert "During handling" in shown


def test_a_whole_line_is_json_and_its_traceback_is_masked() -> None:
    """As the processes write it: one object a line, the exception's text masked."""
    file = io.StringIO()
    before = structlog.get_config()
    try:
        log_to(file)
        message = "no such phone +819000001234\nDETAIL:  Key (name)=(作成 太郎)"
        try:
            raise ValueError(message)
        except ValueError:
            structlog.get_logger().exception("task_failed", call_id="x")
    finally:
        structlog.configure(**before)
    line = json.loads(file.getvalue())
    assert line["event"] == "task_failed"
    assert line["level"] == "error"
    assert re.search(r"ValueError: no such phone \*+1234", line["exception"])
    assert "太郎" not in line["exception"]
