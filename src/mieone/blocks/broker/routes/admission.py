"""What a request that passed the gate is asked besides, once it is known what it brings."""

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.quotas import charge
from mieone.blocks.broker.model import Tenant
from mieone.web import AnyRequest

from . import visits


def is_write(request: AnyRequest) -> bool:
    # By the route that was found: the path may be written in several ways.
    return visits.is_write(request.method, request.scope["path_template"])


async def admit(request: AnyRequest, broker: Broker, tenant: Tenant, *, writes: int) -> None:
    """With the tenant's key where it is needed, and charged for all that it writes.

    Raises OverQuota, NotWritable.
    """
    if is_write(request) or request.scope["path_template"].startswith(visits.OF_THE_WRITERS):
        await broker.check_may_write(request, tenant)
    charge(writes)
