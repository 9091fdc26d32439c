"""The text that asks, put together the same way every time, in each language. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from mieone.blocks.access import Caption
from mieone.blocks.consent.model import Purpose
from mieone.core.clock import JST
from mieone.core.ports import ConsentDetail, Dataset
from mieone.web.catalogue import Catalogue, Language
from mieone.web.text import without_ruby


def write_notice(
    catalogue: Catalogue,
    asker: Caption,
    purpose: Purpose,
    dataset: Dataset,
    detail: ConsentDetail,
) -> Mapping[str, str]:
    """Language to the canonical text; no personal value stands in it."""
    return {
        language.value: _write(catalogue, language, asker, purpose, dataset, detail)
        for language in Language
    }


def _write(
    catalogue: Catalogue,
    language: Language,
    asker: Caption,
    purpose: Purpose,
    dataset: Dataset,
    detail: ConsentDetail,
) -> str:
    def t(message_id: str, **values: object) -> str:
        return catalogue.translate(language, f"consent.notice.{message_id}", **values)

    service = without_ruby(asker.name.shown_in(language))
    behind = without_ruby(asker.detail.shown_in(language)) if asker.detail else service
    labels = item_labels(catalogue, language, dataset, detail.items)
    lines = [
        t("who", service=service, behind=behind),
        t("what", dataset=catalogue.translate(language, dataset.label)),
        *(t("line", label=label) for label in labels),
        t("why", why=without_ruby(purpose.why.shown_in(language))),
        t("until", until=detail.until.isoformat())
        if detail.until
        else t("lasting", months=purpose.lasts_months),
        t("others"),
        t("if_refused", text=without_ruby(purpose.if_refused.shown_in(language))),
        t("withdraw"),
    ]
    return "\n".join(lines)


def item_labels(
    catalogue: Catalogue, language: Language, dataset: Dataset, items: Sequence[str]
) -> list[str]:
    known = {item.name: item.label for item in dataset.items}
    return [catalogue.translate(language, known[name]) for name in items]


def digest_of(texts: Mapping[str, str]) -> bytes:
    """One digest over all languages: a change in any of them is a new version."""
    whole = "\x00".join(f"{language}\x01{texts[language]}" for language in sorted(texts))
    return hashlib.sha256(whole.encode()).digest()


def end_of(detail: ConsentDetail, purpose: Purpose, today: date) -> datetime:
    """The first moment that no longer counts; days end at midnight in Japan."""
    last = detail.until or _months_later(today, purpose.lasts_months)
    return datetime.combine(last, time(), JST)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    # The 29th, 30th and 31st end with the month, never in the one after.
    for candidate in range(day.day, 27, -1):
        try:
            return date(year, month + 1, candidate)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 28))
