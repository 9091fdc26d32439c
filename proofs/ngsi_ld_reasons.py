"""What we found when we read a case that fails: for the published table, by the beginning of its name."""

WHY = {
    "021_25": "lists one of the two entities that match; tagged not-implemented by the suite itself",
    "033_11": "looks for the header name Location in capitals; our HTTP server writes names in lower case",
    "037_11_01": "contradicts 037_11_03 on how many registrations there are",
    "037_11_02": "contradicts 037_11_03 on how many registrations there are",
    "039_01": "wants no status member, which 038_03 and 038_06 want",
    "041_03": "wants paging links only; an application/json answer names its context by Link too",
    "042_02": "its keyword raises on the very status it expects",
    "042_03": "its keyword raises on the very status it expects",
    "043_01": "expects 503; this run answers 504, as the specification has it",
    "047_02": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_04": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_05": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_06": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_08": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_09": "subscribes to Building and registers Vehicle and OffStreetParking: nothing matches",
    "047_16": "finds the registration that 033_11 left behind",
    "051_05_01": "a variable of an earlier file makes its address twice as long",
    "053_06_01": "a variable of an earlier file makes its address twice as long",
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
    "which it takes to have none: no GET with a parameter `attrs` is matched",
    "D011_01_exc": "impossible: it counts a URL with `attrs=`, and its library says 0 for any of them "
    "while the stub's answer is a list; speed itself is there",
    "D011_02_exc_01": "its library compares `attrs` with the members of the stub's answer, a list, "
    "which it takes to have none: no GET with a parameter `attrs` is matched",
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


def why(name: str) -> str:
    """The reason of the longest beginning that fits, or nothing."""
    found = max((key for key in WHY if name.startswith(key)), key=len, default="")
    return WHY.get(found, "")
