"""Live messages through a real Redis: numbering, the reset after Redis was away, nothing about persons."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from campaigns.model import AttemptState
from dialer.clock import SystemClock
from dialer.live import CHANNEL, Live
from dialer.site.redis import PrivateRedis
from tests.deadline import until, until_found
from tests.fixtures_floor import SmallEngine, small_engine


@dataclass
class Stage:
    """An engine that tells, a Redis, and a page that listens."""

    engine: SmallEngine
    live: Live
    redis: PrivateRedis
    heard: list[dict[str, Any]]


@pytest.fixture
async def stage(dsn: str) -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="tsunagu-redis-") as folder:
        server = PrivateRedis(Path(folder), SystemClock())
        await server.start()
        async with small_engine(dsn) as engine:
            client = redis.asyncio.Redis.from_url(server.url, retry=Retry(NoBackoff(), 0), socket_timeout=1)
            live = Live(client, engine.pool, engine.clock, lambda: list(engine.placing.campaigns.values()))
            made = Stage(engine, live, server, [])
            listening = asyncio.create_task(listen(made))
            try:
                yield made
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                await engine.close()
                await client.aclose()
                await server.stop()


async def listen(stage: Stage) -> None:
    """What a page's feed does: read, and come back when Redis was away."""
    while True:
        client = redis.asyncio.Redis.from_url(stage.redis.url, socket_timeout=None, retry=Retry(NoBackoff(), 0))
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(CHANNEL)
                async for message in pubsub.listen():
                    if message["type"] == "message":
                        stage.heard.append(json.loads(message["data"]))
        except (redis.exceptions.RedisError, OSError):
            await asyncio.sleep(0.02)
        finally:
            await client.aclose()


async def listened(stage: Stage) -> None:
    """Wait until the page hears Redis."""
    client = redis.asyncio.Redis.from_url(stage.redis.url)

    async def heard() -> bool:
        return bool(await client.publish(CHANNEL, json.dumps({"type": "ping", "seq": 0})))

    await until_found(heard, what="the page's subscription")
    await client.aclose()
    await until(lambda: any(m["type"] == "ping" for m in stage.heard), what="the ping")
    stage.heard.clear()


async def test_messages_are_numbered_without_a_gap_and_begin_with_a_reset(stage: Stage) -> None:
    """A new engine's numbers start anew, so the pages are told to take a snapshot first."""
    stage.engine.start(dialing=False, looking=False)
    await listened(stage)
    (agent,) = await stage.engine.add_agents(1)
    stage.live.agent_changed(agent)
    stage.engine.spawn(stage.live.run())
    await until(lambda: len(stage.heard) == 2, what="reset and agent")
    for _ in range(20):
        stage.live.agent_changed(agent)
    await until(lambda: len(stage.heard) == 22, what="all messages")
    assert [m["type"] for m in stage.heard] == ["reset"] + ["agent"] * 21
    assert [m["seq"] for m in stage.heard] == [1, *range(1, 22)]
    snapshot = stage.live.snapshot(stage.engine.floor, stage.engine.desk)
    assert snapshot["seq"] == 21
    assert [a["agent_id"] for a in snapshot["agents"]] == [agent.agent_id]


async def test_after_redis_was_away_a_reset_comes_by_itself(stage: Stage) -> None:
    """Messages were dropped: the pages hear of it when Redis is back, not only when something happens next."""
    (agent,) = await with_leg(stage)
    stage.engine.spawn(stage.live.run())
    stage.live.agent_changed(agent)
    await listened(stage)
    await stage.redis.stop()
    stage.live.agent_changed(agent)
    await until(lambda: stage.live._reset_wanted, what="the loss is noticed")
    await stage.redis.start()
    await until(lambda: any(m["type"] == "reset" for m in stage.heard), what="the reset")


async def with_leg(stage: Stage) -> list[Any]:
    stage.engine.start(dialing=False, looking=False)
    return await stage.engine.add_agents(1)


async def test_a_queue_that_ran_over_while_sending_is_followed_by_a_reset(stage: Stage) -> None:
    """More messages than can wait: what was dropped is not forgotten by the batch that is being sent."""
    (agent,) = await with_leg(stage)
    stage.engine.spawn(stage.live.run())
    await listened(stage)
    stage.live.agent_changed(agent)
    await until(lambda: bool(stage.heard), what="it runs")
    stage.heard.clear()
    for _ in range(10_001):
        stage.live.agent_changed(agent)
    await until(lambda: len(stage.heard) > 10_000, what="all that could wait, and the reset", within_s=20)
    assert [m["type"] for m in stage.heard].count("reset") == 1


async def test_no_message_holds_a_persons_name_or_number(stage: Stage) -> None:
    """Only ids: who may see a person asks for her under her own rights."""
    engine = stage.engine
    engine.start()
    await engine.town.person()
    await engine.town.campaign()
    (agent,) = await engine.add_agents(1)
    await until(lambda: bool(engine.line.ringing), what="it rings")
    (call,) = engine.desk.calls.values()
    await listened(stage)
    stage.live.call_changed(call)
    call.is_preview, call.agent, call.state = True, agent, AttemptState.CLAIMED
    stage.live.call_changed(call)
    stage.live.agent_changed(agent)
    stage.engine.spawn(stage.live.run())
    stage.engine.spawn(stage.live.run_counts())
    kinds = {"reset", "call", "preview", "agent", "counts", "campaign"}
    await until(lambda: kinds <= {m["type"] for m in stage.heard}, what="every kind of message")
    told = json.dumps(stage.heard, ensure_ascii=False)
    told += json.dumps(stage.live.snapshot(engine.floor, engine.desk), ensure_ascii=False)
    assert call.number is not None
    assert call.number not in told
    assert call.number.removeprefix("+81") not in told
    assert "太郎" not in told
    call.agent, call.state = None, AttemptState.RINGING
    await engine.everybody_hangs_up()
