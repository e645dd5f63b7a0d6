"""Dialers compared: hindsight, intervals, tables, pictures and the command."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from dialer.cli.simulate import command
from dialer.simulation.pacing.contestants import CONTESTANTS, ORACLE, OURS, TARGET
from dialer.simulation.pacing.experiment import Standing, bench, best
from dialer.simulation.pacing.played import Played, Tally
from dialer.simulation.pacing.report import Result, lines
from dialer.simulation.pacing.scenario_file import Law, Level, Scenario, shipped

TOWN = Scenario(
    name="town", agents=4, levels=(Level(0.0, 0.3),), talk=(Law(60.0),), wrap=(Law(20.0),), answer=(Law(10.0, 4.0),),
    hours=0.3, warm_up_h=0.1,
)  # fmt: skip


def _played(utilisation: float, abandonment: float) -> Played:
    return Played(100.0 * utilisation, 100.0, 500, 1_000, round(1_000 * abandonment), 1_000, 0, 0, 0.0, (utilisation,))


def _standing(name: str, choice: float | None, *runs: tuple[float, float]) -> Standing:
    return Standing(name, choice, tuple(_played(*run) for run in runs))


def test_the_best_with_hindsight_is_the_busiest_that_keeps_the_target() -> None:
    """By the mean over the seeds; when none keeps it, the one that abandons least."""
    careful = _standing("fixed-ratio", 1.0, (0.5, 0.0), (0.5, 0.0))
    good = _standing("fixed-ratio", 2.0, (0.7, 0.012), (0.7, 0.008))
    daring = _standing("fixed-ratio", 3.0, (0.8, 0.02), (0.8, 0.01))
    assert best([careful, good, daring]) is good
    assert best([daring, _standing("fixed-ratio", 4.0, (0.9, 0.2))]) is daring


def test_figures_outside_the_measured_time_dont_count() -> None:
    """The warm-up is left out, and an agent's time is cut at its ends."""
    tally = Tally(100.0, 100.0 + 5_400.0)
    tally.placed(99.0)
    tally.placed(100.0)
    tally.answered(99.0)
    tally.abandoned(99.0)
    tally.spent(0.0, 200.0, busy=True)
    tally.spent(3_600.0, 9_000.0, busy=False)
    played = tally.result(0)
    assert (played.placed, played.answered, played.abandoned) == (1, 0, 0)
    assert played.busy_s == 100.0
    assert played.paid_s == 100.0 + 1_900.0
    assert played.per_hour == pytest.approx((100.0 / 200.0, 0.0))


def test_lines_tell_intervals_and_shares() -> None:
    """The share is of the oracle's mean; our lead is paired over the seeds."""
    result = Result(
        TOWN,
        (
            _standing(OURS, None, (0.7, 0.01), (0.8, 0.01)),
            _standing(ORACLE, None, (0.8, 0.01), (0.8, 0.01)),
            _standing("progressive", None, (0.6, 0.0), (0.7, 0.0)),
            _standing("webitel", None, (0.7, 0.05), (0.7, 0.05)),
        ),
    )
    ours, oracle, progressive, other = lines(result)
    assert ours.of_oracle == pytest.approx(0.9375)
    assert oracle.utilisation_ci == pytest.approx(0.0)
    assert (progressive.ours_over, progressive.ours_over_ci) == pytest.approx((0.1, 0.0))
    assert (ours.keeps_target, other.keeps_target) == (True, False)


def test_one_seed_has_no_interval_and_no_oracle_no_share() -> None:
    """What can't be told is None, not 0."""
    (line,) = lines(Result(TOWN, (_standing("progressive", None, (0.6, 0.0)),)))
    assert (line.utilisation_ci, line.of_oracle, line.ours_over) == (None, None, None)


def test_the_best_ratio_is_found_on_the_seeds_of_the_comparison() -> None:
    """It keeps the target there, and is busier than progressive."""
    with bench(2, 1) as play:
        ratio, progressive = play.stand(TOWN, "fixed-ratio"), play.stand(TOWN, "progressive")
    assert ratio.choice is not None
    assert ratio.choice > 1.0
    assert ratio.abandonment.mean() <= TARGET
    assert ratio.utilisation.mean() >= progressive.utilisation.mean()


def test_worker_processes_bring_the_same_results() -> None:
    """However many there are."""
    with bench(2, 1) as here, bench(2, 2) as there:
        assert here.stand(TOWN, "webitel") == there.stand(TOWN, "webitel")


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_dialer_can_be_played(name: str) -> None:
    """Figures are within their ranges."""
    short = msgspec.structs.replace(TOWN, hours=0.05, warm_up_h=0.0)
    with bench(1, 1) as play:
        standing = play.stand(short, name)
    assert 0.0 <= standing.utilisation[0] <= 1.0
    assert 0.0 <= standing.abandonment[0] <= 1.0


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["pacing", *arguments])
    return result.exit_code, result.output


def test_the_command_prints_a_table_and_json() -> None:
    """The same run, for people and for programs."""
    asked = ("--scenario", str(shipped()[0]), "--policy", "progressive", "--seeds", "2", "--hours", "0.2")
    status, table = _run(*asked)
    assert status == 0
    assert "progressive" in table
    status, text = _run(*asked, "--json")
    told = json.loads(text)
    assert status == 0
    assert [line["policy"] for line in told["lines"]] == ["progressive"]
    assert told["target"] == TARGET


def test_the_command_refuses_a_bad_scenario_and_an_unknown_dialer(tmp_path: Path) -> None:
    """One line that names what is wrong, and nothing is run."""
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\nagents = "many"\n', encoding="utf-8")
    status, said = _run("--scenario", str(bad))
    assert status == 1
    assert "bad.toml: " in said
    assert "agents" in said
    assert _run("--policy", "samuelson")[0] == 2


def test_the_command_refuses_a_folder_that_cant_be_made(tmp_path: Path) -> None:
    """Before anything is run."""
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    status, said = _run("--scenario", str(shipped()[0]), "--plot", str(tmp_path / "file" / "sub"))
    assert status == 1
    assert "sub" in said


def test_a_picture_is_the_same_bytes_for_the_same_results(tmp_path: Path) -> None:
    """With every dialer's name in it as text, also of one far beyond its edge."""
    pytest.importorskip("matplotlib")
    from dialer.simulation.pacing.plotting import save

    result = Result(
        TOWN, (_standing(OURS, None, (0.8, 0.01), (0.7, 0.0)), _standing("omnidialer", None, (0.6, 0.3), (0.6, 0.2)))
    )
    first, again = (save(result, tmp_path).read_bytes() for _ in range(2))
    assert first == again
    assert (tmp_path / "town.svg").is_file()
    assert b"Tsunagu" in first
    assert "25% abandoned" in first.decode()


def test_the_command_draws_a_scenario_and_a_course(tmp_path: Path) -> None:
    """One picture each, and a course only of a dialer that was run."""
    pytest.importorskip("matplotlib")
    asked = ("--scenario", str(shipped()[0]), "--policy", "progressive", "--seeds", "1", "--hours", "0.2")
    assert _run(*asked, "--plot", str(tmp_path), "--course", "progressive")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agents-003-progressive.svg", "agents-003.svg"]
    assert _run(*asked, "--plot", str(tmp_path), "--course", "webitel")[0] == 2
    assert _run(*asked, "--course", "progressive")[0] == 2


def test_labels_keep_their_distance_and_their_order() -> None:
    """Moved up where they are too close, and never above the picture."""
    pytest.importorskip("matplotlib")
    from dialer.simulation.pacing.plotting import spaced

    moved = spaced([0.99, 0.5, 0.51, 0.98, 0.2], 0.03)
    assert min(np.diff(sorted(moved))) >= 0.03 - 1e-9
    assert sorted(range(5), key=moved.__getitem__) == [4, 1, 2, 3, 0]
    assert max(moved) <= 1.0
