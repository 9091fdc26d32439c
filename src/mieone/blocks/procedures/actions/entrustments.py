"""What the towns entrusted to the association, looked up at every act and every look."""

import msgspec

from mieone.blocks import identity
from mieone.blocks.identity import Entrustment
from mieone.blocks.procedures.model import Act, ActorClass, CaseFile
from mieone.blocks.procedures.problems import CaseNotFound, NotYoursToDo
from mieone.blocks.procedures.rules import acts
from mieone.core.database import Conn
from mieone.core.model import Actor, TownCode

from .office import Office


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """The towns an actor works for today, and on which row that rests for the association."""

    towns: frozenset[TownCode]
    rows: tuple[Entrustment, ...] = ()
    needs_row: bool = False

    @property
    def scopes(self) -> frozenset[str]:
        """What the queue holds for this actor: `town/procedure`, `*` for all of a town's."""
        if not self.needs_row:
            return frozenset(f"{town}/*" for town in self.towns)
        return frozenset(f"{row.town}/{one}" for row in self.rows for one in row.procedures)

    def row_for(self, case: CaseFile) -> str | None:
        """The entrustment under which this case may be looked at."""
        for row in self.rows:
            if row.town == case.town and {"*", case.procedure} & set(row.procedures):
                return row.entrustment_id
        return None

    def check_sees(self, case: CaseFile) -> None:
        """Without a live row a town's cases do not exist for the association."""
        if case.town not in self.towns or (self.needs_row and self.row_for(case) is None):
            raise CaseNotFound

    def covers(self, case: CaseFile, act: Act) -> bool:
        if not self.needs_row:
            return case.town in self.towns
        wanted = acts.ENTRUSTED_AS.get(act, "")
        return any(
            row.town == case.town and row.covers(wanted, case.procedure) for row in self.rows
        )

    def check_covers(self, case: CaseFile, act: Act) -> None:
        self.check_sees(case)
        if not self.covers(case, act):
            raise NotYoursToDo(act=act, who_can=" ".join(acts.who_may(act)))


async def reach_of(conn: Conn, office: Office, actor: Actor) -> Reach:
    if acts.class_of(actor) is not ActorClass.ASSOCIATION:
        return Reach(towns=actor.towns)
    live = await identity.live_entrustments(conn, office.today())
    rows = tuple(
        row for row in live if row.organisation_id == actor.organisation and row.town in actor.towns
    )
    return Reach(towns=frozenset(row.town for row in rows), rows=rows, needs_row=True)
