"""The region's open, non-personal context over NGSI-LD and NGSI v2. Others use only these names."""

from .actions.places import OpenPlace, list_open_places
from .actions.publishing import list_import_dates

__all__ = ["OpenPlace", "list_import_dates", "list_open_places"]
