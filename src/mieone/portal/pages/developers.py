"""For integrators: the living page of the components, and what each kind of problem means."""

from collections.abc import Iterator

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from mieone.core.house import House
from mieone.core.problems import NotFound, Problem
from mieone.web import Form, Page


@get("/developers/design")
async def show_design(page: NamedDependency[Page], house: NamedDependency[House]) -> Response[str]:
    return page.render("portal/design.html", form=_wrong_form(), today=house.clock.today())


@get("/problems/{block:str}/{name:str}")
async def show_problem_type(
    block: FromPath[str], name: FromPath[str], page: NamedDependency[Page]
) -> Response[str]:
    kind = _find_kind(f"{block}/{name}")
    if kind is None:
        raise NotFound
    message_id = f"{block}.problems.{name}"
    catalogue = page.site.catalogue
    return page.render(
        "web/problem_type.html",
        title=page.t(f"{message_id}.title", **_as_written(catalogue.places(f"{message_id}.title"))),
        detail=page.t(
            f"{message_id}.detail", **_as_written(catalogue.places(f"{message_id}.detail"))
        ),
        slug=kind.slug,
        status=kind.status,
    )


def _find_kind(slug: str) -> type[Problem] | None:
    return next((kind for kind in _kinds(Problem) if getattr(kind, "slug", "") == slug), None)


def _kinds(parent: type[Problem]) -> Iterator[type[Problem]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _as_written(places: frozenset[str]) -> dict[str, str]:
    return {place: f"{{{place}}}" for place in places}


def _wrong_form() -> Form:
    """A form as somebody left it, with every kind of error."""
    form = Form(
        {"name": [""], "amount": ["12a"], "born_on_year": ["35"], "born_on_month": ["2"]}
        | {"born_on_day": ["30"], "born_on_era": ["showa"], "bank": ["0005"]}
    )
    form.text("name")
    form.amount_yen("amount", maximum=100_000)
    form.date("born_on")
    return form
