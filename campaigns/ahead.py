"""What still comes for whom: the days and kinds of hour for which the rules of spread wait, by debt type.

The rules wait for hours in which somebody can be called (`rules`), and a debt type with a calendar of its own can be
called about in some of the campaign's hours only. Here the same is said for everybody at once, in bits, as the claim
and the other questions in SQL ask it, and the grading. Pure; decides nothing.

Invariant: what comes for a person is the union of what comes for the debt types that the person could be called about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce

from campaigns.model import Rotation, Window
from campaigns.opening.campaign_hours import CampaignHours


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes within the days of the rotation, seen from a moment in one kind of hour.

    Args:
        cells: the cells of that kind that open on a later day (``Hours.cells_ahead``).
        others: the other kinds of hour that must have been tried as often (`kind_bits`); 0 unless the rotation is
            strict.
    """

    cells: int
    others: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes for the people of one campaign.

    Args:
        for_any: for whoever owes all of the campaign's debt types.
        by_type: for each of its debt types; empty when none has a calendar of its own, for then all are alike.
    """

    for_any: Coming
    by_type: Mapping[str, Coming] = field(default_factory=dict)

    @property
    def for_all(self) -> Coming:
        """What comes for everybody, whatever is owed."""
        alike = self.by_type.values()
        return Coming(
            reduce(int.__and__, (coming.cells for coming in alike), self.for_any.cells),
            reduce(int.__and__, (coming.others for coming in alike), self.for_any.others),
        )

    def columns(self) -> dict[str, object]:
        """The same as parameters of a query: for everybody, and by debt type."""
        return {
            "cells_ahead": self.for_any.cells,
            "others_ahead": self.for_any.others,
            "own_types": list(self.by_type),
            "own_cells": [coming.cells for coming in self.by_type.values()],
            "own_others": [coming.others for coming in self.by_type.values()],
        }


NOTHING = Ahead(Coming(0, 0))


def ahead_of(hours: CampaignHours, now: datetime, window: Window, rotation: Rotation) -> Ahead:
    """What comes after `now` (aware) for the people of a campaign.

    Args:
        hours: the campaign's.
        window: the kind of hour that is asked about; open at `now`, or the one that opens next.
    """
    types = hours.debt_types if hours.own else ()
    return Ahead(
        _coming(hours, now, window, rotation),
        {code: _coming(hours.for_debt_types([code]), now, window, rotation) for code in types},
    )


def _coming(hours: CampaignHours, now: datetime, window: Window, rotation: Rotation) -> Coming:
    others = hours.windows_ahead(now) - {window} if rotation is Rotation.STRICT else frozenset()
    return Coming(hours.cells_ahead(now, window), kind_bits(others))


def kind_bits(windows: frozenset[Window]) -> int:
    """Kinds of hour as bits: 1 weekday, 2 evening, 4 weekend."""
    return sum(1 << place for place, window in enumerate(Window) if window in windows)


def days_of(cells: int, window: Window) -> int:
    """Of `cells` those of `window`, as bits of the days of the week: bits 0 to 6 of a band."""
    return cells >> 7 * list(Window).index(window) & 0b1111111


def turns_of(others: int, window: Window) -> int:
    """Bits 7 and 8 of a band: whose turn comes before this window's, by the other kinds of hour in their order."""
    rest = [place for place, other in enumerate(Window) if other is not window]
    return sum(128 << nth for nth, place in enumerate(rest) if others >> place & 1)
