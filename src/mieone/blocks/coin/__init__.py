"""Mie-Coin: the ledger of the towns' coin, wallets, shops. Other blocks use only these names."""

from .block import BLOCK, make_pay

__all__ = ["BLOCK", "make_pay"]
