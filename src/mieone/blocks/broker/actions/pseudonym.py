"""The name by which this installation is known in Via headers, without saying where it stands."""

from mieone.core.house import House


def own_pseudonym(house: House) -> str:
    """The same in every process and after every restart, as long as the keys are kept."""
    return f"mieone-{house.keyring.derive('broker-pseudonym').hex()[:24]}"
