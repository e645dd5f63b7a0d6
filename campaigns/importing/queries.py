"""The SQL of ``campaigns.importing``, read once from the named queries in ``sql/``; see ``campaigns/queries.py``."""

from __future__ import annotations

from pathlib import Path

import aiosql

queries = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")

LOCK_KEY = 0x7_5A6E_4149
"""Any constant of our own: the advisory lock that lets one import run at a time, whatever its kind."""
