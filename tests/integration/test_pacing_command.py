"""`dialer campaign pacing` on a real database: what it shows, stores and refuses."""

from __future__ import annotations

import pytest

from campaigns.errors import CampaignInvalid
from campaigns.model import DialMode
from campaigns.pacing import Pacing, check_pacing
from tests.integration.test_campaign_command import run, site, stored

__all__ = ["site"]  # a fixture, found by its name


def test_how_a_campaign_dials_is_shown_and_set(site: str) -> None:
    """Given when it is added, or later; what isn't given stays as it is."""
    run("add", "市税", "--debt-type", "city_tax", "--mode", "predictive", "--abandon-target", "0.02")
    assert run("pacing", "市税").output.splitlines() == [
        "発信方式\tpredictive",
        "1人あたりの発信数（固定倍率）\t1",
        "同時発信数の上限\t30",
        "放棄率の目標\t0.02",
        "放棄率の上限（超えると1対1）\t0.03",
        "放棄とする秒数（応答から）\t2",
        "プレビューを自動で発信するまでの秒数\t0",
    ]
    said = run(
        "pacing", "市税", "--mode", "fixed_ratio", "--ratio", "1.5", "--max-lines", "8", "--abandon-after", "1.5"
    )
    assert said.exit_code == 0
    assert run("pacing", "1", "--abandon-limit", "0.05", "--preview-after", "30").output.startswith(
        "発信方式\tfixed_ratio\n"
    )
    (campaign,) = stored(site)
    assert (campaign.dial_mode, campaign.ratio, campaign.max_lines) == (DialMode.FIXED_RATIO, 1.5, 8)
    assert campaign.pacing == Pacing(0.02, 0.05, 1.5, 30)


WRONG = [
    (["--abandon-target", "0.06"], ["abandon_target_ratio", "0.06", "0.05"]),
    (["--abandon-limit", "0"], ["abandon_limit_ratio", "0.001"]),
    (["--abandon-target", "0.04"], ["abandon_target_ratio", "limit", "0.03"]),
    (["--abandon-after", "11"], ["abandon_threshold_s", "10"]),
    (["--preview-after", "601"], ["preview_s", "600"]),
    (["--ratio", "nan"], ["ratio", "nan"]),
    (["--max-lines", "0"], ["max_lines", "1000"]),
    (["--mode", "power"], ["power", "predictive"]),
]


def test_a_wrong_value_is_refused_by_name_and_nothing_is_changed(site: str) -> None:
    """When it is set, and when a campaign is added."""
    run("add", "市税", "--debt-type", "city_tax")
    before = run("pacing", "市税").output
    for arguments, words in WRONG:
        for said in (run("pacing", "市税", *arguments), run("add", "別", "--debt-type", "city_tax", *arguments)):
            assert said.exit_code != 0, arguments
            for word in words:
                assert word in said.output
    assert run("pacing", "市税").output == before
    assert len(stored(site)) == 1


def test_an_unknown_campaign_is_named(site: str) -> None:
    """With the command that lists the known ones."""
    said = run("pacing", "国保", "--mode", "predictive")
    assert said.exit_code == 1
    assert "国保" in said.output


@pytest.mark.parametrize("ratio", [float("nan"), float("inf")])
def test_a_ratio_that_is_no_number_is_out_of_range(ratio: float) -> None:
    """NaN is between nothing."""
    with pytest.raises(CampaignInvalid, match="abandon_limit_ratio"):
        check_pacing(Pacing(abandon_limit_ratio=ratio))
