"""Parameters that say what an answer is to look like."""

from urllib.parse import unquote

from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.rules.forms import (
    Form,
    Format,
    Joining,
    check_apart,
    read_languages,
    read_picked,
)

from .ld_http import Call

FORM_PARAMS = (
    "attrs",
    "containedBy",
    "datasetId",
    "format",
    "geometryProperty",
    "join",
    "joinLevel",
    "lang",
    "omit",
    "pick",
)
FORM_OPTIONS = ("concise", "keyValues", "normalized", "simplified", "sysAttrs")
_FORMATS = {
    "normalized": Format.NORMALIZED,
    "concise": Format.CONCISE,
    "simplified": Format.SIMPLIFIED,
    "keyValues": Format.SIMPLIFIED,
}
MAX_JOIN_LEVEL = 10


def read_form(call: Call, form: Format | None = None) -> Form:
    """`form`: where the operation has formats of its own and has read them.

    Raises InvalidRequest for an unknown format, BadRequestData for all other mistakes."""
    params, terms = call.params, call.terms
    attributes = params.list("attrs")
    if not {"id", "type", "@id", "@type", "@context"}.isdisjoint(attributes):
        raise BadRequestData("attrs names attributes; id and type are none")
    pick, omit = params.find("pick"), params.find("omit")
    if attributes and (pick or omit):
        raise BadRequestData("attrs does not go with pick or omit")
    picked = read_picked(pick, terms) if pick else None
    omitted = read_picked(omit, terms) if omit else None
    if picked and omitted:
        check_apart(picked, omitted)
    geometry = params.find("geometryProperty")
    datasets = params.list("datasetId")
    lang = params.find("lang")
    return Form(
        format=form or _read_format(call),
        sys_attrs="sysAttrs" in params.options,
        languages=read_languages(lang) if lang else (),
        attributes=frozenset(terms.expand_name(name) for name in attributes),
        pick=picked,
        omit=omitted,
        datasets=tuple(_check_dataset(dataset) for dataset in datasets) or None,
        geometry_property=terms.expand_name(geometry) if geometry else None,
        joining=_read_joining(call),
        join_level=params.number("joinLevel", 1, 1, MAX_JOIN_LEVEL),
        contained_by=frozenset(unquote(one) for one in params.list("containedBy")),
    )


def _read_format(call: Call) -> Format:
    named = call.params.find("format")
    if named is not None:
        if named not in _FORMATS:
            raise InvalidRequest(f"there is no format {named[:40]} here")
        return _FORMATS[named]
    asked = {_FORMATS[option] for option in call.params.options if option in _FORMATS}
    if len(asked) > 1:
        raise InvalidRequest("options names more than one format")
    return asked.pop() if asked else Format.NORMALIZED


def _read_joining(call: Call) -> Joining | None:
    named = call.params.find("join")
    if named is None:
        if call.params.has("joinLevel"):
            raise BadRequestData("joinLevel goes only with join")
        return None
    if named == "@none":
        return None
    if named not in tuple(Joining):
        raise InvalidRequest("join takes inline, flat or @none")
    return Joining(named)


def _check_dataset(text: str) -> str:
    if text != "@none" and ":" not in text:
        raise BadRequestData("a datasetId is a URI or @none")
    return text
