"""Two brokers on ports of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.blocks.broker.installations import installation
from tests.conftest import Connections


@pytest.fixture
async def here(
    template: Connections, settings: Settings, region: Region, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with installation(template, settings, region, tmp_path / "here") as client:
        yield client


@pytest.fixture
async def there(
    template: Connections, settings: Settings, region: Region, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with installation(template, settings, region, tmp_path / "there") as client:
        yield client
