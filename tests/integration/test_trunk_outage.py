"""What the pacing learns while the trunk refuses calls: nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.integration.test_placing import campaign, settle, tick

NO_CIRCUIT, BUSY = 34, 17


@pytest.mark.parametrize(("cause", "teaches"), [(NO_CIRCUIT, False), (BUSY, True)])
async def test_calls_without_a_circuit_leave_the_forecast_as_it_was(
    engine: SmallEngine, cause: int, teaches: bool
) -> None:
    """Through the engine's own parts; a busy line is somebody's."""
    made = await campaign(engine, 3)
    await engine.add_agents(3)
    await tick(engine)
    before = engine.placing.snapshot(made).forecast
    await settle(engine)
    for call_id in list(engine.line.ringing):
        engine.line.end(call_id, cause)
    await until(lambda: not engine.desk.calls, what="all are over")
    engine.clock.shift += timedelta(minutes=1)  # longer than any ring, and than the laws are kept
    after = engine.placing.snapshot(made).forecast
    assert before is not None
    assert after is not None
    assert (after.shift != before.shift) == teaches
