"""The index of ``campaigns/learning`` put to the rows of a town: who is still listed, and in which order.

Decides nothing of its own; ours, the informed and the oracle differ only in the table of misses that they bring.
"""

from __future__ import annotations

import numpy as np

from campaigns.learning import grades, survival
from campaigns.learning.evidence import Floats, Ints
from campaigns.learning.worth import rank
from dialer.simulation.scheduling.month import View


def still_listed(view: View) -> Ints:
    """Rows of people who have not left the month's list."""
    return np.flatnonzero(~view.contacted[view.people.person])


def by_grade(view: View, rows: Ints, table: survival.Survival, prices: Floats | None) -> tuple[Floats, Floats]:
    """The order of the session that is open, and the prices for the next time."""
    found_grades, found = graded(view, rows, table, prices, (view.session.window,))
    return drawn(view, found_grades), found


def graded(
    view: View, rows: Ints, table: survival.Survival, prices: Floats | None, windows: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Grades by row of the town (rows, 3), and the prices that they were found at."""
    found = rank(table, view.timeline(), np.ones(len(rows)), limits=view.limits(rows), start=prices, windows=windows)
    table_of_town = np.zeros((len(view.people.person), 3))
    table_of_town[rows] = grades.of_values(found.values, found.prices)
    return table_of_town, found.prices


def drawn(view: View, town_grades: Floats) -> Floats:
    """Grades of the open kind of hour, equal ones in the order of lots."""
    order: Floats = town_grades[:, view.session.window] + 0.5 * view.chance.random(len(town_grades))
    return order
