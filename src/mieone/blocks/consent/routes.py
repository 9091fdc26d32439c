"""The keys that prove receipts, for anybody."""

from collections.abc import Sequence

import msgspec
from joserfc.jwk import ECKey
from litestar import Router, get
from litestar.di import NamedDependency

from mieone.core.house import House

from .actions import RECEIPT_KEY


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    keys: Sequence[dict[str, str]]


@get(
    "/jwks",
    summary="Keys that sign consent receipts",
    description="Public keys (RFC 7517). Old ones stay, so that an old receipt can still be checked.",
    operation_id="getReceiptKeys",
)
async def get_receipt_keys(house: NamedDependency[House]) -> KeySet:
    keys = []
    for key_id, private in house.keyring.es256(RECEIPT_KEY):
        public = ECKey.import_key(private).as_dict(private=False)
        named = {"kid": key_id, "alg": "ES256", "use": "sig"}
        keys.append({**{name: str(value) for name, value in public.items()}, **named})
    return KeySet(keys=keys)


ROUTES = (Router(path="/api/consent/v1", route_handlers=[get_receipt_keys], tags=["consent"]),)
