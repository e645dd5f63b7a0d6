"""The predictive mode in simulated centres: what must hold in every one."""

from __future__ import annotations

import msgspec
import pytest

from dialer.simulation.pacing.experiment import Job, play
from dialer.simulation.pacing.scenario_file import FOLDER, Scenario, read


def run(scenario: Scenario, policy: str, hours: float, warm_up_h: float, seed: int) -> tuple[float, float]:
    """Utilisation and abandonment of one run."""
    played = play(Job(msgspec.structs.replace(scenario, hours=hours, warm_up_h=warm_up_h, seed=seed), policy, 0.0))
    return played.utilisation, played.abandonment


@pytest.mark.parametrize("seed", [1, 2])
def test_the_first_minutes_of_a_large_team_abandon_hardly_anybody(seed: int) -> None:
    """60 agents begin at once with nothing learnt: short talks end first and answers come before rings in vain."""
    _, abandonment = run(read(FOLDER / "agents-060.toml"), "predictive", hours=0.25, warm_up_h=0.0, seed=seed)
    assert abandonment < 0.03


def test_a_small_team_is_kept_busier_than_one_to_one_within_the_hard_limit() -> None:
    """7 agents, one answer in five calls: at least ten points more work."""
    scenario = read(FOLDER / "agents-007-p20.toml")
    ours, abandonment = run(scenario, "predictive", hours=2.0, warm_up_h=0.5, seed=1)
    one_to_one, _ = run(scenario, "progressive", hours=2.0, warm_up_h=0.5, seed=1)
    assert ours > one_to_one + 0.1
    assert abandonment < 0.03
