"""The generator of payments and past records."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from campaigns.importing.history.mapping import HISTORY_MAPPINGS, load_history_mapping
from campaigns.importing.history.results import HITS, OUTBOUND
from campaigns.importing.mapping import load_mapping, names
from campaigns.importing.payments.mapping import PAYMENT_MAPPINGS, load_payment_mapping
from campaigns.model import E164, Outcome, Window
from dialer.simulation.habits import habits_of
from dialer.simulation.history_file import write_history
from dialer.simulation.past import CALLS_PER_MONTH, past_calls
from dialer.simulation.payments_file import payments_of, write_payments
from dialer.simulation.people_file import write_people
from dialer.simulation.population import window_of

UNTIL = date(2026, 11, 20)


def _history(folder: Path, name: str, rows: int, seed: int) -> bytes:
    made = write_people(folder / "people.csv", load_mapping(name), rows, seed)
    calls = past_calls(made, habits_of(made, seed=seed), months=6, until=UNTIL, seed=seed)
    write_history(folder / "history.csv", load_history_mapping(name), calls)
    return (folder / "history.csv").read_bytes()


def _payments(folder: Path, name: str, rows: int, seed: int) -> bytes:
    debts = load_mapping(name.partition("_")[0])
    made = write_people(folder / "people.csv", debts, rows, seed)
    payments, promises = payments_of(made, until=UNTIL, seed=seed)
    write_payments(folder / "payments.csv", load_payment_mapping(name), debts.debt_types, payments, promises)
    return (folder / "payments.csv").read_bytes()


@pytest.mark.parametrize("name", names(HISTORY_MAPPINGS))
def test_the_sample_of_past_records_is_what_the_generator_writes(tmp_path: Path, name: str) -> None:
    """Of the people in the sample of debts; a sample never falls behind its mapping."""
    assert _history(tmp_path, name, 12, 7) == (HISTORY_MAPPINGS / "samples" / f"{name}.csv").read_bytes()
    assert _history(tmp_path, name, 12, 8) != _history(tmp_path, name, 12, 7)


@pytest.mark.parametrize("name", names(PAYMENT_MAPPINGS))
def test_the_sample_of_payments_is_what_the_generator_writes(tmp_path: Path, name: str) -> None:
    """The same people, day and seed give the same bytes."""
    assert _payments(tmp_path, name, 200, 7) == (PAYMENT_MAPPINGS / "samples" / f"{name}.csv").read_bytes()


def test_past_calls_show_the_habits_of_the_people(tmp_path: Path) -> None:
    """Who picks up in a kind of hour did so in the past; as many calls were made as such a centre makes."""
    made = write_people(tmp_path / "people.csv", load_mapping("niigata"), 4_000, 3)
    habits = habits_of(made, seed=3)
    calls = past_calls(made, habits, months=6, until=UNTIL, seed=3)
    assert [c.at for c in calls] == sorted(c.at for c in calls)
    assert UNTIL - timedelta(days=180) < calls[0].at.date()
    assert calls[-1].at.date() <= UNTIL
    known = sum(bool(person.phones) for person in made)
    outbound = [c for c in calls if c.direction == OUTBOUND]
    assert 0.9 * 6 * known * CALLS_PER_MONTH < len(outbound) <= 6 * known * CALLS_PER_MONTH
    for window in Window:
        mine = [c for c in outbound if window_of(c.at) is window]
        expected = sum(habits[E164(f"+81{c.digits[1:]}")].pick_up[window] for c in mine)
        assert sum(c.result in HITS for c in mine) == pytest.approx(expected, rel=0.1)
    assert {Outcome.NO_ANSWER, Outcome.BUSY} < {c.result for c in outbound}


def test_payments_are_whole_or_in_part_and_some_of_strangers(tmp_path: Path) -> None:
    """As a city's daily file has them."""
    made = write_people(tmp_path / "people.csv", load_mapping("niigata"), 4_000, 3)
    payments, promises = payments_of(made, until=UNTIL, seed=3)
    owed = {d.notice_no: d for p in made for d in p.debts}
    kinds = Counter("stranger" if p.notice_no not in owed else p.is_settled for p in payments)
    assert kinds[True] > kinds[False] > 0 < kinds["stranger"]
    assert all(UNTIL - timedelta(days=7) < p.paid_on <= UNTIL for p in payments)
    assert all(p.made_on < p.due_on for p in promises)
