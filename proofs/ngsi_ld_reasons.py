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
    "D003_02_exc": "sends a fragment without the context of its names, so it is another attribute",
    "D004_01_inc": "uses a variable that nobody defines",
    "D007_01_exc": "wants an exclusive attribute in the local entity, which never had it",
    "D009_01_exc": "its source answers a GET with a bare id",
    "D009_01_inc": "ours: replaces a default instance where only one with a datasetId stands (404 here)",
    "D009_01_red": "its setup registers one id twice",
    "D010_01_exc": "counts requests to a stub that was never set",
    "D011": "its mock does not match the attribute list, or reads a list as an object",
    "D012_01_red": "a typing slip makes the registered id `entity_pattern=…`",
    "D013_01_exc": "wants whole entities sent to a source that is exclusive for one attribute",
    "D013_01_red": "its setup registers one id twice",
    "D013_02_red": "its setup registers one id twice",
    "D013_02": "reads a request's parameters before any request was taken",
    "D014_02": "reads a request's parameters before any request was taken",
    "D016": "looks for a text in a list of entities",
    "D017_01_exc": "wants an unrestricted purge at a source registered for one other id",
}


def why(name: str) -> str:
    """The reason of the longest beginning that fits, or nothing."""
    found = max((key for key in WHY if name.startswith(key)), key=len, default="")
    return WHY.get(found, "")
