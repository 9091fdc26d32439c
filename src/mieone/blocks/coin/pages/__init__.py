"""What people see: the wallet and paying for residents, the till for shops."""

from .paying import PAYING
from .shop_door import SHOP_DOOR
from .till import TILL
from .wallet import WALLET

PEOPLE = (*WALLET, *PAYING)
SHOP = (*SHOP_DOOR, *TILL)

__all__ = ["PEOPLE", "SHOP"]
