"""The gate before everything else: who is over a quota is turned away before anything is looked up."""

from collections.abc import Callable
from contextlib import closing

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from mieone.blocks.broker.actions.lanes import Lane
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.quotas import Share, Ticket, holding
from mieone.blocks.broker.problems import OverQuota

from .refusals import Refusals
from .uploads import Upload, drain
from .visits import Visit, read_visit


class Gate:
    """Around the whole application: what passes has paid its rate, sent its body and holds a place."""

    def __init__(self, app: ASGIApp, find_broker: Callable[[], Broker]) -> None:
        self._app = app
        self._find_broker = find_broker
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = read_visit(scope)
        if visit is None:
            await self._app(scope, receive, send)
            return
        # The first to come are no strangers.
        await self._find_broker().tenants.open()
        share = self._share_of(visit)
        lane = share.lanes[visit.kind]
        try:
            lane.take(visit.weight)
        except OverQuota as problem:
            await self._turn_away(visit, lane, problem, receive, send)
            return
        await self._let_in(visit, share, (scope, receive, send))

    async def _let_in(self, visit: Visit, share: Share, call: tuple[Scope, Receive, Send]) -> None:
        """Whoever sends slowly holds no place meanwhile, and whoever reads slowly none afterwards."""
        scope, receive, send = call
        ticket = Ticket(share, visit.kind, visit.weight)
        with closing(Upload(receive, share.bodies)) as upload:
            try:
                if visit.has_body:
                    await upload.read()
                await ticket.enter()
            except ConnectionAbortedError:
                return
            except OverQuota as problem:
                is_read = upload.is_read or not visit.has_body
                await self._refusals.send(visit, problem, is_read=is_read, send=send)
                return

            async def send_from_outside(message: Message) -> None:
                ticket.leave()
                await send(message)

            with holding(ticket):
                await self._app(scope, upload.receive, send_from_outside)

    async def _turn_away(
        self, visit: Visit, lane: Lane, problem: OverQuota, receive: Receive, send: Send
    ) -> None:
        is_read = await drain(receive, visit.length) if visit.has_body else True
        await lane.be_turned_away()
        await self._refusals.send(visit, problem, is_read=is_read, send=send)

    def _share_of(self, visit: Visit) -> Share:
        """From memory alone. Writers without a key do not use up what is the tenant's."""
        broker = self._find_broker()
        tenant = broker.tenants.peek(visit.tenant)
        if tenant is not None and visit.needs_key and not broker.keys.vouches(visit.key, tenant):
            tenant = None
        return broker.quotas.share_of(tenant)
