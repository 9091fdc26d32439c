"""The whole story on a whole installation: the tour, its records counted from outside, and the proof."""

import json

import asyncpg
import httpx
import pytest

from mieone.core.roles import Connections
from tests.journeys.conftest import Installation

# The installation is made and toured within the first test that asks for it.
pytestmark = pytest.mark.timeout(600)


def connections_of(installation: Installation) -> Connections:
    return Connections(**json.loads((installation.home / "connections.json").read_bytes()))


async def test_the_tour_reaches_its_end(toured: str) -> None:
    assert "the story works from end to end" in toured
    assert "LOST" not in toured


async def test_every_answer_the_nursery_got_is_on_record_for_everybody_in_it(
    installation: Installation, toured: str
) -> None:
    """Counted twice: by what the nursery's own process wrote down, and by the ledger's rows."""
    received = [
        json.loads(line)
        for line in (installation.home / "tour" / "received.jsonl").read_text("utf-8").splitlines()
    ]
    auditor = await asyncpg.connect(connections_of(installation).auditor_dsn)
    try:
        rows = await auditor.fetch(
            "SELECT request_id, kind, subject_id FROM access.record WHERE service = 'tour-nursery'"
        )
    finally:
        await auditor.close()

    asked = {answer["request_id"] for answer in received}
    assert {str(row["request_id"]) for row in rows} == asked
    for answer in received:
        kinds = [row["kind"] for row in rows if str(row["request_id"]) == answer["request_id"]]
        if answer["status"] == 200:
            assert kinds.count("permit") == kinds.count("outcome") == answer["people"]
        else:
            assert "refusal" in kinds
            assert "permit" not in kinds


async def test_the_chains_prove_themselves_until_a_row_is_changed_by_hand(
    installation: Installation, toured: str
) -> None:
    clean = installation.command("verify")
    superuser = await asyncpg.connect(
        connections_of(installation).maintenance_dsn.replace("/postgres?", "/mieone?")
    )
    try:
        await superuser.execute("SET session_replication_role = replica")
        changed, purpose = await superuser.fetchrow(
            "UPDATE access.record SET purpose = 'something-else' WHERE entry_id = "
            "(SELECT entry_id FROM access.record ORDER BY entry_id LIMIT 1) "
            "RETURNING entry_id, old.purpose"
        )
        found = installation.command("verify")
        await superuser.execute(
            "UPDATE access.record SET purpose = $2 WHERE entry_id = $1",
            changed,
            purpose,
        )
    finally:
        await superuser.close()
    mended = installation.command("verify")

    assert clean.returncode == 0, clean.stdout
    assert found.returncode != 0
    assert str(changed) in found.stdout + found.stderr
    assert mended.returncode == 0, mended.stdout


async def test_metrics_and_health_speak_without_personal_data(
    installation: Installation, toured: str
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{installation.port}") as client:
        ready = await client.get("/health/ready")
        figures = await client.get("/metrics")
        heads = await client.get("/api/core/v1/chains")

    assert ready.status_code == 200
    assert 'mieone_deliveries{state="dead"} 0.0' in figures.text
    assert {"access", "consent"} <= {head["chain"] for head in heads.json()}
