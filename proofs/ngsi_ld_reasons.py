"""What we found when we read a case that fails: for the published table, by the beginning of its name.

A reason that begins with `impossible:` says what no broker can do without breaking the specification
(clauses are those of GS CIM 009) or another case, in a way that can be looked up in the suite.
`order:` — an earlier case of the group is in the way; `server:` — our HTTP server is.
"""

_NO_MATCH = (
    "impossible: watches Building and registers `context-source-registration.jsonld`, which holds "
    "Vehicle and OffStreetParking; 5.11.7 tells of what matches, 037_11_03 has the same registration "
    "there, asks for Building and wants it left out, and 047_03 tells Building from Bus"
)
_THIRD = (
    "impossible: wants a third registration of Building where 037_11_03 wants two of the same three; "
    "then hands the body, a list, to a keyword that reads its member `Link`: TypeError"
)
_BEFORE_1_9 = "impossible: expects 503; this run answers 504, as 6.3.2 has it"
WHY = {
    "021_25": "impossible: lists one of the two entities it stored, one with values of August 2020, one "
    "of September, and asks for all after July; 021_06_01 has the same list and adds the id it is for",
    "033_11": "server: looks for the name `Location` among headers made text; our HTTP server writes "
    "names in lower case, as RFC 9110 5.1 lets it",
    "037_11_01": _THIRD,
    "037_11_02": _THIRD,
    "039_01": "impossible: compares all of the answer with what it sent and wants no `status`, which "
    "5.2.12 has the broker give, and 038_03 and 038_06 want; only the media type differs",
    "042_02": "impossible: its keyword sends DELETE without `expected_status`, so RequestsLibrary "
    "raises on the 400 that the next step wants to see",
    "042_03": "impossible: its keyword sends DELETE without `expected_status`, so RequestsLibrary "
    "raises on the 404 that the next step wants to see",
    "047_02": _NO_MATCH,
    "047_04": _NO_MATCH,
    "047_05": _NO_MATCH,
    "047_06": _NO_MATCH,
    "047_08": _NO_MATCH,
    "047_09": _NO_MATCH,
    "047_16": "order: 033_11 left a registration of Vehicle behind",
    "051_05_01": "order: takes its address from `${uri}`, which 053_06 left for all that follow",
    "053_06_01": "order: puts host and port before `${uri}`, where 053_05 left both (`Set Global "
    "Variable`): `http://host:porthttp://host:port/…`",
    "D003_02_exc": "impossible: it sends `speed` as application/json without a Link, the default "
    "vocabulary's speed, to a source registered for the suite's own `speed`: another IRI (5.5.7), so "
    "nothing is to be passed on; the case then waits for a request",
    "D004_01_inc": "impossible: its last step evaluates `$payload`, which no step sets; all steps "
    "before it pass",
    "D007_01_exc": "impossible: after PUT it reads with local=true and wants the attribute that an "
    "exclusive source holds; 4.3.6.3 forbids that, and D001_01_exc and D005_01_exc want it absent",
    "D009_01_exc": "impossible: its source takes the PUT, then answers GET with a bare id, which is no "
    "JSON; the value wanted is held by that source alone (exclusive, 4.3.6.3)",
    "D009_01_inc": "impossible: `speed` stands only with a datasetId, PUT comes without one: 5.6.19.4 "
    "wants ResourceNotFound here; to pass, the other instance would have to vanish, which 055_02_01 "
    "forbids; its source answers GET with a bare id, which is no JSON",
    "D009_01_red": "impossible: its setup creates a second registration with the first one's id and "
    "wants 201, where 033_03_01 wants 409",
    "D010_01_exc": "impossible: sets a stub for `/entities/{id}` and counts `/entities?type=Vehicle`; "
    "its library's count looks for the id in the URL counted, finds none and says 0",
    "D011_01_03_inc": "its library compares `attrs` with the members of the stub's answer, a list, "
    "which it takes to have none: no GET with `attrs` is matched. One with `pick`, `q` and sysAttrs "
    "would be; sources older than these know `attrs` alone, so that is what we send first",
    "D011_01_exc": "impossible: it counts a URL with `attrs=`, and its library says 0 for any of them "
    "while the stub's answer is a list; speed itself is there",
    "D011_02_exc_01": "its library compares `attrs` with the members of the stub's answer, a list, "
    "which it takes to have none: no GET with `attrs` is matched. One with `pick`, `q` and sysAttrs "
    "would be; sources older than these know `attrs` alone, so that is what we send first",
    "D011_03_inc_02": "impossible: for POST entityOperations/query its library reads `type` of the "
    "stub's answer, a list: TypeError, and the connection is dropped whatever was sent",
    "D011_04_inc_02": "impossible: for POST entityOperations/query its library reads `type` of the "
    "stub's answer, a list: TypeError, and the connection is dropped whatever was sent",
    "D012_01_red": "impossible: `entity_pattern=` is no argument of its keyword, so the first source "
    "is registered for the id `entity_pattern=urn:…:*`, and still has to get entities of other ids",
    "D013_01_exc": "impossible: wants whole entities, isParked2 and all, in what goes to a source "
    "registered for `speed` alone (4.3.6.1: every constraint of a registration is respected)",
    "D013_01_red": "impossible: its setup creates a second registration with the first one's id and "
    "wants 201, where 033_03_01 wants 409",
    "D013_02_red": "impossible: its setup creates a second registration with the first one's id and "
    "wants 201, where 033_03_01 wants 409",
    "D013_02": "impossible: calls Get Request Url Params before any Wait For Request, the only keyword "
    "that sets the request it reads: AttributeError on None, whatever was sent",
    "D014_02": "impossible: calls Get Request Url Params before any Wait For Request, the only keyword "
    "that sets the request it reads: AttributeError on None, whatever was sent",
    "D016": "impossible: wants the text `speed` to be an element of the answer to a query, which is a "
    "list of objects",
    "D017_01_exc": "impossible: its source is registered for the literal id `…:randomUUID`; it wants "
    "DELETE with `type=Vehicle` and nothing else sent there, which would delete every other vehicle "
    "it holds (4.3.6.1)",
}


WHY_AT = {
    504: {"028_07": _BEFORE_1_9, "043_01": _BEFORE_1_9, "053_05": _BEFORE_1_9},
}


def why(name: str, status: int) -> str:
    """The reason of the longest beginning that fits, or nothing."""
    reasons = WHY | WHY_AT.get(status, {})
    found = max((key for key in reasons if name.startswith(key)), key=len, default="")
    return reasons.get(found, "")


def is_impossible(name: str, status: int) -> bool:
    return why(name, status).startswith("impossible:")
