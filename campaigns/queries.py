"""The SQL of `campaigns`, read once from the named queries in ``sql/``.

Decides nothing. ``queries.name(conn, field=...)`` runs the query of that name: a plain name gives an
async iterator of rows, ``^`` one row or None, ``$`` one value, ``!`` the command tag.
"""

from __future__ import annotations

from pathlib import Path

import aiosql

queries = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
