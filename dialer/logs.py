"""How log lines are written: one JSON object a line, static event names, values as keywords.

Invariant: nothing that names a person or a telephone number is given to a logger; a last guard blanks
what looks like a telephone number, and rows that PostgreSQL quotes in its errors, all the same.
"""

from __future__ import annotations

import logging
import re
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

_NUMBER = re.compile(r"(?<![\w.-])(?:\+81|0)\d{8,10}(?![\w.-])")
_ROW = re.compile(r"DETAIL: .*?(?=\n(?:HINT:|QUERY:|CONTEXT:|Traceback|During|The above|  File)|\Z)", re.DOTALL)
"""PostgreSQL repeats the row there; a note in it may have several lines."""
_KEPT = 4  # the last digits stay, so that a line can be matched by someone who knows the number


def mask_persons(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Blank all but the last digits of telephone numbers, and the rows that PostgreSQL quotes, in a log line."""
    for key, value in event.items():
        event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    match value:
        case str():
            without_row = _ROW.sub("DETAIL: (left out)", value)
            return _NUMBER.sub(lambda found: "*" * (len(found[0]) - _KEPT) + found[0][-_KEPT:], without_row)
        case list() | tuple() | set() | frozenset():
            return [_masked(one) for one in value]
        case dict():
            return {key: _masked(one) for key, one in value.items()}
        case _:
            return value


def log_to(file: TextIO, level: int = logging.INFO) -> None:
    """Have this process write its log lines to `file`."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_persons,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=file),
        cache_logger_on_first_use=True,
    )
