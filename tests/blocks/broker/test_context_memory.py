"""What contexts take of the memory is bounded by their size, whoever sends which, and how many."""

import gc
import tracemalloc

from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.actions.contexts import ContextLibrary
from mieone.blocks.broker.actions.contexts.keeping import Kept
from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms
from mieone.blocks.broker.rules.terms.table import MOST_REMEMBERED
from mieone.blocks.broker.store.contexts import read_core_documents
from mieone.core.house import House

MIB = 1024 * 1024
steps = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 60), st.booleans()), max_size=80)


@for_all(asked=steps)
def test_what_is_kept_never_weighs_more_than_it_may(asked: list[tuple[int, int, bool]]) -> None:
    kept: Kept[int, int] = Kept(most=5, most_weight=100)
    used: dict[int, int] = {}
    for key, weight, only_looks in asked:
        if only_looks:
            if kept.get(key) is not None:
                used[key] = used.pop(key)
            continue
        used.pop(key, None)
        kept.put(key, key, weight)
        used[key] = weight
        while sum(used.values()) > 100 or len(used) > 5:
            del used[next(iter(used))]

        assert kept.weight == sum(used.values()) <= 100
    assert list(kept.values()) == list(used)


def test_a_thing_larger_than_all_takes_no_other_ones_place() -> None:
    kept: Kept[str, str] = Kept(most=5, most_weight=100)
    kept.put("small", "small", 10)
    kept.put("large", "large", 101)

    assert kept.get("small") == "small"
    assert kept.get("large") is None


def _context(number: int, terms: int) -> JsonValue:
    base = f"https://example.org/{number}/"
    return {f"name{number}x{place}": f"{base}{place}" for place in range(terms)}


async def test_many_large_contexts_in_bodies_take_no_more_memory_than_they_may(
    broker_house: House,
) -> None:
    library = ContextLibrary(broker_house, most_bytes=6 * MIB)
    await library.terms(_context(-1, 10))
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(25):
            terms = await library.terms(_context(number, 2_000))
            assert terms.expand_name(f"name{number}x7") == f"https://example.org/{number}/7"
        del terms
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # All of them together take more than fifteen.
    assert MIB / 2 < taken < 6 * MIB


def test_names_that_nobody_else_uses_are_not_remembered_for_ever() -> None:
    document = read_core_documents()[CORE_CONTEXT_URL].body
    assert isinstance(document, dict)
    core = CoreTerms(document["@context"])
    terms = ContextTerms(core, {}, {}, urls=(), link="", inline=None)
    own = terms.weight
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(3_000):
            name = f"{number}".rjust(1_500, "n")
            assert terms.compact_name(terms.expand_name(name)) == name
            terms.member(name)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert terms.weight - own <= 3 * MOST_REMEMBERED
    assert taken <= 4 * MOST_REMEMBERED
