"""For the association: what residents asked about the use of their data, oldest first."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from mieone.blocks.access import actions, store
from mieone.blocks.access.model import Question
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted
from mieone.web import AnyRequest, Page, read_form


class QuestionLine(msgspec.Struct, frozen=True, kw_only=True):
    question: Question
    words: str


def check_association(actor: Actor) -> None:
    if actor.kind is not ActorKind.ASSOCIATION:
        raise NotPermitted


@get("/desk/questions")
async def list_questions(
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str]:
    check_association(actor)
    async with house.database.transaction() as conn:
        questions = await store.list_open_questions(conn)
    return page.render("access/questions.html", lines=_lines(house, questions))


def _lines(house: House, questions: Sequence[Question]) -> list[QuestionLine]:
    return [
        QuestionLine(question=one, words=actions.open_words(house.keyring, one))
        for one in questions
    ]


@post("/desk/questions/{question_id:uuid}", status_code=303)
async def answer_question(
    request: AnyRequest,
    question_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
) -> Redirect:
    check_association(actor)
    form = await read_form(request)
    words = form.text("words", max_length=1_000)

    async def answer(conn: Conn) -> None:
        await actions.answer_question(conn, house, question_id, words)

    if words:
        await run(house.database, (), answer)
    return Redirect("/desk/questions", status_code=303)


DESK = (list_questions, answer_question)
