"""Metadata of v2: what stands beside a value, whether NGSI-LD keeps it as a sub-attribute or not."""

from mieone.blocks.broker.model import Instance, Path


def find_metadata(instance: Instance, path: Path) -> Instance | None:
    """The metadata `path.names[1]` (as written: `path.short[1]`) as an instance, for `mq`.

    Also those that are no sub-attribute: observedAt, unitCode, dateCreated, dateModified and what
    only v2 remembers. `path.members` lead into its value, as for any instance.
    """
    raise NotImplementedError
