"""Which of OpenID Connect's claims may come from which item of a dataset the person agreed to."""

from collections.abc import Iterable, Mapping

from mieone.core.ports import Json, Record

CLAIMS_OF_SCOPES: Mapping[str, tuple[str, ...]] = {
    "profile": ("name", "birthdate", "gender"),
    "address": ("address",),
}
ITEMS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "birthdate": ("birth_date", "birthdate", "born_on"),
    "gender": ("sex", "gender"),
    "address": ("address",),
}


def list_wanted(scopes: Iterable[str], asked: Iterable[str]) -> frozenset[str]:
    by_scope = {claim for scope in scopes for claim in CLAIMS_OF_SCOPES.get(scope, ())}
    return frozenset(by_scope | (set(asked) & ITEMS.keys()))


def list_items(wanted: Iterable[str], items: Iterable[str]) -> tuple[str, ...]:
    """Of a granted dataset, what answers the claims that were asked, and no more."""
    useful = {item for claim in wanted for item in ITEMS[claim]}
    return tuple(item for item in items if item in useful)


def shape_claims(wanted: Iterable[str], records: Iterable[Record]) -> dict[str, Json]:
    """The holder's own row only; others in the household are not claims about the person."""
    claims: dict[str, Json] = {}
    for record in records:
        if not record.holder:
            continue
        for claim in wanted:
            for item in ITEMS[claim]:
                if record.items.get(item) is not None:
                    claims[claim] = _shape(claim, record.items[item])
    return claims


def _shape(claim: str, value: Json) -> Json:
    if claim == "address" and isinstance(value, str):
        return {"formatted": value, "country": "JP"}
    return value
