"""The SQL of `campaigns`, read once from the named queries in ``sql/``.

Decides nothing. ``queries.name(conn, field=...)`` runs the query of that name: a plain name gives an
async iterator of rows, ``^`` one row or None, ``$`` one value, ``!`` the command tag.

The claim is one text with six walks, and the question who wants an agent one with three: names of columns and indexes
can't be parameters, so ``sql/*.template`` are filled in here, with constants only. What is asked about one person,
``sql/callable.template``, is the same text in both.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

import aiosql

from campaigns.model import Window

_SQL = Path(__file__).parent / "sql"

_GRADED_BANDS = Template("""\
    (SELECT ${window}_band AS place, callable_from AS soonest
       FROM list_entry
      WHERE campaign_id = :campaign_id AND wants IS NULL AND :wants::text[] IS NULL AND ${window}_band <= :last::integer
      ORDER BY ${window}_band, callable_from LIMIT 1)
    UNION ALL
    SELECT following.place, following.soonest
      FROM band
     CROSS JOIN LATERAL (
           SELECT entry.${window}_band AS place, entry.callable_from AS soonest
             FROM list_entry AS entry
            WHERE entry.campaign_id = :campaign_id AND entry.wants IS NULL
              AND entry.${window}_band > band.place AND entry.${window}_band <= :last
            ORDER BY entry.${window}_band, entry.callable_from LIMIT 1) AS following""")
_GRADED_STRETCH = Template("entry.wants IS NULL AND entry.${window}_band = band.place")

# The same with several walks at once, one for each want, merged: the next band of any of them, and within a band the
# next want.
_RESERVED_BANDS = Template("""\
    (SELECT entry.place, entry.soonest, want.name AS wanted
       FROM unnest(:wants::text[]) AS want (name)
      CROSS JOIN LATERAL (
            SELECT ${window}_band AS place, callable_from AS soonest
              FROM list_entry
             WHERE campaign_id = :campaign_id AND wants = want.name AND ${window}_band <= :last::integer
             ORDER BY ${window}_band, callable_from LIMIT 1) AS entry
      ORDER BY entry.place, want.name LIMIT 1)
    UNION ALL
    SELECT following.place, following.soonest, following.wanted
      FROM band
     CROSS JOIN LATERAL (
           SELECT entry.place, entry.soonest, want.name AS wanted
             FROM unnest(:wants) AS want (name)
            CROSS JOIN LATERAL (
                  SELECT ${window}_band AS place, callable_from AS soonest
                    FROM list_entry
                   WHERE campaign_id = :campaign_id AND wants = want.name AND ${window}_band <= :last
                     AND ${window}_band >= band.place + (want.name <= band.wanted)::integer
                   ORDER BY ${window}_band, callable_from LIMIT 1) AS entry
            ORDER BY entry.place, want.name LIMIT 1) AS following""")
_RESERVED_STRETCH = Template("entry.wants = band.wanted AND entry.${window}_band = band.place")


_WANTED_STRETCH = Template("""\
entry.wants = want.name
              AND (entry.${window}_spread & :day::integer = 0
                   OR :days_ahead::integer & ~entry.${window}_spread::integer = 0)
              AND entry.${window}_spread & :turns::integer = 0""")


def _claims() -> str:
    """For each kind of hour the claim, graded and for people who want an agent reserved, and who wants one."""
    claim, wanted, person = (_template(name) for name in ("claim", "wanted", "callable"))
    made = []
    for window in Window:
        common = {"window": window.value, "tries": f"{window}_attempts"}
        for name, bands, stretch in (
            (window.value, _GRADED_BANDS, _GRADED_STRETCH),
            (f"reserved_{window}", _RESERVED_BANDS, _RESERVED_STRETCH),
        ):
            asked = person.substitute(common, stretch=stretch.substitute(common))
            made.append(claim.substitute(common, name=name, bands=bands.substitute(common), callable=asked))
        asked = person.substitute(common, stretch=_WANTED_STRETCH.substitute(common))
        made.append(wanted.substitute(common, callable=asked))
    return "\n\n".join(made)


def _template(name: str) -> Template:
    return Template((_SQL / f"{name}.template").read_text(encoding="utf-8"))


queries = aiosql.from_path(_SQL, "asyncpg")
claim_queries = aiosql.from_str(_claims(), "asyncpg")
