"""What a notice says: put together from decision, evaluation, authority and 教示. Pure."""

from datetime import date

import msgspec

from mieone.blocks.procedures.model import Outcome
from mieone.blocks.procedures.rules.authorities import Body, BodyKind, fill_places
from mieone.blocks.procedures.rules.definition import LetterRule
from mieone.blocks.procedures.rules.evaluation import Evaluation
from mieone.blocks.procedures.rules.library import DefinitionFile, Letterhead, Library


class ChildLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    born: str
    order: str
    monthly: str
    reason: str


class LetterContent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the sheet, in reading order, already in words."""

    document_number: str
    issued_on: str
    postal_code: str
    address: str
    addressee: str
    authority: str
    head_name: str
    title: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    children: tuple[ChildLine, ...]
    total: str
    reasons: tuple[str, ...]
    laws: tuple[str, ...]
    kyoji: tuple[str, ...]
    contact: tuple[str, ...]
    is_specimen: bool
    unverified: tuple[str, ...]
    """What made it a specimen, for the officer; not printed."""
    words: dict[str, str]
    window_mm: tuple[int, int, int, int]

    def list_texts(self) -> list[str]:
        """Every text on the sheet, for the check of the font."""
        plain = msgspec.to_builtins(self)
        plain.pop("unverified")
        return _flatten(plain)


class LetterCase(msgspec.Struct, frozen=True, kw_only=True):
    """What the letter takes from the case."""

    number: str
    town: str
    town_name: str
    received_on: date
    decided_on: date
    applicant_name: str
    applicant_address: str
    applicant_postal_code: str
    outcome: Outcome
    reasons: tuple[str, ...]
    """As the officer left them."""
    document_number: int


def compose(
    library: Library, file: DefinitionFile, evaluation: Evaluation, case: LetterCase
) -> LetterContent:
    definition = file.definition
    rule = definition.find_letter(case.outcome)
    if rule is None:
        raise ValueError(f"{definition.id} has no letter for {case.outcome}")
    head = next(h for h in library.letterheads if h.town == case.town)
    body = library.authorities.resolve(definition.id, head.town, case.received_on)
    profile = next(p for p in library.kyoji.profiles if p.id == rule.kyoji)
    authority = case.town_name + body.head_title_ja.removeprefix(body.name_ja)
    if body.kind is not BodyKind.TOWN:
        authority = body.head_title_ja
    places = {"defendant": case.town_name, "representative": authority, "authority": authority}
    places["appeal_to"] = fill_places(profile.appeal_to_ja, places)
    words = library.layout.words_ja
    unverified = _unverified(library, file, evaluation, rule, head, body)
    layout = library.layout
    return LetterContent(
        document_number=words["document"].format(
            prefix=head.document_prefix_ja, number=case.document_number
        ),
        issued_on=layout.date_ja(case.decided_on),
        postal_code=case.applicant_postal_code,
        address=case.applicant_address,
        addressee=case.applicant_name,
        authority=authority,
        head_name=head.head_name_ja,
        title=rule.title_ja,
        opening=fill_places(rule.opening_ja, {"received_on": layout.date_ja(case.received_on)}),
        facts=_facts(library, file, evaluation, case),
        children=_children(library, evaluation) if case.outcome is not Outcome.REFUSED else (),
        total=_yen(words, evaluation.outputs.get(definition.amount_output)),
        reasons=case.reasons,
        laws=_laws(library, file, evaluation, case.outcome),
        kyoji=tuple(fill_places(text, places) for text in profile.paragraphs_ja),
        contact=(
            f"{case.town_name} {head.section_ja}",
            f"{words['telephone']} {head.telephone}",
        ),
        is_specimen=bool(unverified),
        unverified=unverified,
        words=dict(words),
        window_mm=(
            layout.window_left_mm,
            layout.window_top_mm,
            layout.window_width_mm,
            layout.window_height_mm,
        ),
    )


def _unverified(
    library: Library,
    file: DefinitionFile,
    evaluation: Evaluation,
    rule: LetterRule,
    head: Letterhead,
    body: Body,
) -> tuple[str, ...]:
    """Names of everything behind the letter that nobody has checked against the official text."""
    profile = next(p for p in library.kyoji.profiles if p.id == rule.kyoji)
    rows = [r for r in library.authorities.rows if r.body == body.id]
    mine = [r for r in rows if file.definition.id in r.procedures and head.town in r.towns]
    doubts = {
        f"kyoji/{profile.id}": not profile.verified,
        f"letterhead/{head.town}": not head.verified,
        f"letter/{rule.outcome}": not rule.verified,
        f"law_refs/{file.definition.id}": not file.definition.law_refs_verified,
        f"authority/{body.id}": not all(r.verified for r in mine),
        **{f"rule/{step.rule}": True for step in evaluation.steps if not step.verified},
        **{f"reason/{reason.id}": True for reason in evaluation.reasons if not reason.verified},
    }
    return tuple(sorted(name for name, is_open in doubts.items() if is_open))


def _facts(
    library: Library, file: DefinitionFile, evaluation: Evaluation, case: LetterCase
) -> tuple[tuple[str, str], ...]:
    words = library.layout.words_ja
    facts = [
        (words["outcome"], file.definition.get_outcome(case.outcome).name.ja),
        (words["case_number"], case.number),
        (words["received"], library.layout.date_ja(case.received_on)),
    ]
    month = evaluation.outputs.get("month_paid")
    if month and case.outcome is not Outcome.REFUSED:
        first = date.fromisoformat(month)
        shown = words["month_from"].format(year=first.year, month=first.month)
        facts.append((words["starts"], shown))
    return tuple(facts)


def _children(library: Library, evaluation: Evaluation) -> tuple[ChildLine, ...]:
    words = library.layout.words_ja
    lines = []
    for n, row in enumerate(evaluation.lists.get("children", ())):
        said = [
            sentence
            for step in evaluation.steps
            if step.subject == f"children[{n}]" and step.output == "monthly_yen"
            for sentence in step.sentences
        ]
        is_counted = row.get("counted") == "true"
        order = words["order_value"].format(n=row.get("order"))
        lines.append(
            ChildLine(
                name=row.get("name") or "",
                born=library.layout.date_ja(date.fromisoformat(row.get("birth_date") or "")),
                order=order if is_counted else words["not_counted"],
                monthly=_yen(words, row.get("monthly_yen")),
                reason=" ".join(said),
            )
        )
    return tuple(lines)


def _laws(
    library: Library, file: DefinitionFile, evaluation: Evaluation, outcome: Outcome
) -> tuple[str, ...]:
    refs = list(file.definition.law_refs)
    if outcome is Outcome.REFUSED:
        refs += [reason.law_ref for reason in evaluation.reasons]
    else:
        refs += [ref for s in evaluation.steps if s.output == "monthly_yen" for ref in s.law_refs]
    return tuple(dict.fromkeys(library.laws.cite(ref) for ref in refs))


def _yen(words: dict[str, str] | object, amount: str | None) -> str:
    if amount is None or not isinstance(words, dict):
        return ""
    return str(words["yen"]).format(amount=f"{int(amount):,}")


def _flatten(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for item in value.values() for text in _flatten(item)]
        case list() | tuple():
            return [text for item in value for text in _flatten(item)]
        case _:
            return []
