"""The fixture `site`: an `EngineSite` on free ports with a database of this test's own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.site.redis import PrivateRedis
from tests.engine_site import EngineSite, engine_site


@pytest.fixture
async def redis_url() -> AsyncIterator[str]:
    """A private Redis of this test's own."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-redis-") as folder:
        server = PrivateRedis(Path(folder), SystemClock())
        await server.start()
        try:
            yield server.url
        finally:
            await server.stop()


@pytest.fixture
async def site(dsn: str, redis_url: str) -> AsyncIterator[EngineSite]:
    """A site without an engine: the test starts it."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-site-") as folder:
        async with engine_site(Path(folder), dsn, redis_url) as made:
            yield made
