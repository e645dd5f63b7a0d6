"""Fixtures of the tests on a real database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures_commands import Dialer, dialer_in


@pytest.fixture
def dialer(dsn: str, tmp_path: Path) -> Dialer:
    """The command line in an empty folder, the test's ``tmp_path``, on this test's database."""
    return dialer_in(tmp_path, dsn)
