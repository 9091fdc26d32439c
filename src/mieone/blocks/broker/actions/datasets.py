"""The data sets that a region's files declare."""

from typing import Final

import msgspec

from mieone.blocks.broker.model.dataset import DataSet
from mieone.core.house import House

ANY_TENANT: Final = "*"
"""The owner of files whose rows name their tenants."""


def load_datasets(house: House) -> dict[str, DataSet]:
    path = house.settings.region_dir / "broker" / "datasets.yaml"
    if not path.exists():
        return {}
    found = msgspec.yaml.decode(path.read_bytes(), type=list[DataSet])
    return {dataset.id: dataset for dataset in found}


def provenance(house: House, dataset: DataSet) -> dict[str, str]:
    """What every entity of it says of where it comes from; nothing for what the region itself measures."""
    name = dataset.source or dataset.file
    if not name:
        return {}
    source = house.region.source(name)
    return {
        "source": source.attribution,
        "dataProvider": source.publisher,
        "license": source.licence,
    }
