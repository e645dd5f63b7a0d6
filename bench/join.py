"""Section ``join``: how soon a callee who answers has an agent in her bridge, and in her ear.

Every call is answered at once and the callee talks 5 s; the campaign dials 1:1, so that nobody is abandoned and the
agents alone bound the rate. The bridge's time is Asterisk's own (rows ``call.answered_at`` and ``joined_at``), and
once more from the carrier's own stamp of the answer.

The ear's time is taken twice. On the wire, exactly: from the carrier's 200 OK to the first packet to the callee with
the agent's tone in it; that needs root. And for everybody in the carrier's recording of what each callee hears: it
begins with the first sound, so its begin is reckoned back from the callee's hang-up. That is a limit, not a clock: it
adds one packet for the rounding, and whatever the hang-up was late. The goal is set against the wire where it can be
read, else against that limit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.bench_site import SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_most, exactly, percentile
from bench.machine import Use
from bench.people import ANSWERS_AT_ONCE, scripted_people
from bench.sound import AGENT_HZ, RATE_HZ, onset_s, samples
from bench.wire import Wire
from campaigns.model import DialMode
from dialer.settings import Settings
from dialer.simulation.offers import Offer

AGENTS = 30
CALLS = 1000
WRAP_UP_S = 0.5
_WITHIN_S = 300.0
_BRIDGE_MS = 50
_EAR_MS = 100
_PACKET_MS = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """What one callee's ear tells, milliseconds. `late`: how long after the answer the recording began, at most."""

    onset: float
    late: float


async def run(folder: Path, report: Report, *, calls: int = CALLS, agents: int = AGENTS) -> list[Figure]:
    rate = Settings().calls_per_second  # as a site has it: thirty calls never leave in the same instant
    async with bench_site(folder, agents=agents, wrap_up_s=WRAP_UP_S, report=report, calls_per_second=rate) as bench:
        await bench.add_people(scripted_people(calls, ANSWERS_AT_ONCE))
        await bench.add_campaign(DialMode.PROGRESSIVE, max_lines=agents)
        await bench.site.carrier.driver.record(True)
        wire = Wire(bench.site.settings)
        try:
            if not await wire.start():
                report("packets can be read by root only: the recordings must do")
            use = Use(bench.cpu_s)
            await bench.run_campaign()
            await bench.until_count(partial(SQL.ended, bench.site.db), calls, _WITHIN_S)
            used = use.figures("join")
        finally:
            on_wire = await wire.stop()
        await bench.drain(recordings=False)
        return await _figures(bench, calls, on_wire) + used


async def _figures(bench: BenchSite, calls: int, on_wire: dict[str, float]) -> list[Figure]:
    summary = await bench.summary()
    joined = [row async for row in SQL.joins(bench.site.db)]
    offers = {str(offer.number): offer for offer in bench.site.carrier.driver.offers.calls.values()}
    in_bridge = [row["ms"] for row in joined]
    from_pick_up = [
        1000 * (row["joined_at"] - answered_at).total_seconds()
        for row in joined
        if (answered_at := offers[row["number"]].answered_at) is not None
    ]
    ears = await asyncio.to_thread(
        lambda: [_hear(offers[row["number"]], bench.site.carrier.heard(offers[row["number"]])) for row in joined]
    )
    heard = [ear for ear in ears if ear is not None]
    at_latest = [ear.onset + max(0.0, ear.late) + _PACKET_MS for ear in heard]
    rate = await SQL.answers_a_second(bench.site.db)
    wire_ms = list(on_wire.values())
    ear_limits = (_EAR_MS, None) if wire_ms else (None, _EAR_MS)
    resolved = summary.answered - summary.unaccounted

    def ms(what: str, values: list[float], ratio: float, limit: float | None = None, anchor: str = "") -> Figure:
        goal = None if limit is None else at_most(limit)
        return Figure("join", f"{what}, p{ratio * 100:g}", percentile(values, ratio), "ms", goal, anchor)

    return [
        Figure("join", f"answered calls of {calls}", summary.answered),
        Figure("join", "unresolved or unaccounted", calls - resolved, "", exactly(0), "ViciDial: up to 10%"),
        Figure("join", "joined to an agent", summary.connected),
        ms("answer to both in one bridge, rows", in_bridge, 0.50),
        ms(
            "answer to both in one bridge, rows",
            in_bridge,
            0.99,
            50,
            "bare Asterisk: 3-7 ms; ViciDial: 85-90% in 100 ms",
        ),
        ms("carrier's answer to both in one bridge", from_pick_up, 0.50),
        ms("carrier's answer to both in one bridge", from_pick_up, 0.99, _BRIDGE_MS),
        Figure("join", "callees who never heard the agent", len(joined) - len(heard), "", exactly(0)),
        ms("answer to callee hears agent, on the wire", wire_ms, 0.50),
        ms("answer to callee hears agent, on the wire", wire_ms, 0.99, ear_limits[0], "bare Asterisk: 15-25 ms"),
        ms("answer to callee hears agent, by the recording at most", at_latest, 0.50),
        ms("answer to callee hears agent, by the recording at most", at_latest, 0.99, ear_limits[1]),
        Figure("join", "drift at the end", summary.drift, "", exactly(0)),
        Figure("join", "calls answered", rate, "a second"),
    ]


def _hear(offer: Offer, recording: Path) -> Heard | None:
    """None: the agent is not in the recording, or the call has no end."""
    if offer.answered_at is None or offer.ended_at is None:
        return None
    x = samples(recording)
    onset = onset_s(x, AGENT_HZ)
    if onset is None:
        return None
    late_s = (offer.ended_at - offer.answered_at).total_seconds() - len(x) / RATE_HZ
    return Heard(1000 * onset, 1000 * late_s)
