"""Usual things for tests about procedures."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from mieone.blocks.procedures.rules.answers import Raw, read_values
from mieone.blocks.procedures.rules.evaluation import Evaluation, evaluate
from mieone.blocks.procedures.rules.library import Library
from mieone.blocks.procedures.store.files import load_library
from mieone.core.region import Region

ROOT = Path(__file__).parents[3]
MEIWA = "244422"
KIHOKU = "245437"


@cache
def region() -> Region:
    return Region.load(ROOT / "regions" / "mie")


@cache
def library() -> Library:
    return load_library(region())


def child(birth: str, supported: str = "yes", name: str = "見本 はな") -> dict[str, str]:
    return {
        "name": name,
        "birth_date": birth,
        "relation": "child",
        "lives_together": "yes",
        "supported": supported,
    }


def answers(*children: Mapping[str, str], **changed: str) -> dict[str, object]:
    return {
        "reason": "birth",
        "event_date": "2025-04-10",
        "applicant_name": "見本 太郎",
        "applicant_kana": "ミホン タロウ",
        "applicant_birth_date": "1992-05-01",
        "applicant_address": "三重県多気郡明和町大字馬之上1",
        "phone": "",
        "is_public_servant": "no",
        "pension": "national",
        "has_spouse": "no",
        "account_use": "registered",
        **changed,
        "children": list(children) or [child("2025-04-10")],
    }


def evaluated(raw: Raw, arrival: str = "2025-04-15", procedure: str = "C1") -> Evaluation:
    file = library().definition_on(procedure, date.fromisoformat(arrival))  # type: ignore[arg-type]
    values = read_values(file.definition, raw)
    rules = library().rule_set(file)
    return evaluate(rules, values, {"arrival": date.fromisoformat(arrival)})
