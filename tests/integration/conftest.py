"""Fixtures of the tests on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures_commands import Dialer, dialer_in
from tests.fixtures_floor import SmallEngine, small_engine


@pytest.fixture
def dialer(dsn: str, tmp_path: Path) -> Dialer:
    """The command line in an empty folder, the test's ``tmp_path``, on this test's database."""
    return dialer_in(tmp_path, dsn)


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    """The engine's parts on a line that is up; it dials and looks only when the test says so."""
    async with small_engine(dsn) as made:
        made.start(dialing=False, looking=False)
        made.placing.line_up = True
        yield made
