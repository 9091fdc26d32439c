"""The five chapters, each a visitor's own steps; every step says what it saw, or the tour stops."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from .authenticator import Authenticator
from .browser import Browser, LostOnTheWay, Page
from .nursery import Nursery

PIN = "1234"
PRICE_YEN = 1_200
NEWBORN_MOTHER = "newborn_mother"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The running installation the tour visits, and the sample resident it walks with."""

    origin: str
    issuer: str
    authority: Path
    card_number: str
    town: str
    town_name: str


class Step(msgspec.Struct, frozen=True):
    chapter: str
    text: str


def walk(place: Place, nursery: Nursery) -> Iterator[Step]:
    """Yields each step as it is done. Raises LostOnTheWay where the story cannot go on."""
    story = Story(place, nursery)
    try:
        for chapter, steps in story.chapters():
            for text in steps:
                yield Step(chapter, text)
    finally:
        story.close()


class Story:
    """One resident, one nursery, two desks and a shop."""

    def __init__(self, place: Place, nursery: Nursery) -> None:
        self.place = place
        self.nursery = nursery
        self.trust = ssl.create_default_context(cafile=str(place.authority))
        self.browsers: list[Browser] = []
        self.resident = self._browser()
        self.phone = Authenticator(place.origin, "localhost")
        self.booking = ""
        self.born_on = ""
        """The newborn's birthday, as the mother knows it and the nursery was shown it."""
        self.case = ""

    def chapters(self) -> Iterator[tuple[str, Iterator[str]]]:
        yield "1 opt in", self._opt_in()
        yield "2 agree", self._agree()
        yield "3 apply", self._apply()
        yield "4 receive and pay", self._receive_and_pay()
        yield "5 see and withdraw", self._see_and_withdraw()

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()

    def _browser(self) -> Browser:
        made = Browser(self.place.origin, self.trust)
        self.browsers.append(made)
        return made

    # --- 1 ---

    def _opt_in(self) -> Iterator[str]:
        page = self.resident.get("/id")
        yield "read what Mie-ID is"
        page = self.resident.submit(page, "/id/card")
        page = self.resident.submit(page, "/simulator/card")
        wrong = self._hold_card(page, "9999")
        expect(wrong.status == 422 and "/simulator/card" in wrong.url, wrong, "a refused PIN")
        yield "a wrong PIN is refused, and the tries left are told"
        signed = self._hold_card(page, PIN)
        proved = self.resident.submit(signed, "/complete")
        expect("/complete" not in proved.url, proved, "a proved person")
        yield "the card signed the one-time challenge; chain, policy, revocation and nonce were checked"
        self._add_passkey()
        yield "a passkey was added; the session ends"
        self._sign_in_by_passkey()
        yield "signed in again with the passkey alone"

    def _hold_card(self, page: Page, pin: str) -> Page:
        values = {"card": self.place.card_number, "pin": pin}
        return self.resident.submit(page, "/simulator/card", values, may_fail=True)

    def _add_passkey(self) -> None:
        page = self.resident.get("/id/passkeys")
        options = self._options(page, "/id/passkeys/options")
        answer = {"credential": self.phone.register(options), "nickname": "tour"}
        added = self.resident.submit(page, "/id/passkeys", answer)
        expect("done=added" in added.url, added, "a passkey")
        self.resident.submit(added, "/sign-out")

    def _sign_in_by_passkey(self) -> None:
        page = self.resident.get("/sign-in?return_to=/my")
        options = self._options(page, "/sign-in/options")
        mine = self.resident.submit(page, "/sign-in", {"credential": self.phone.sign_in(options)})
        expect(mine.url.endswith("/my"), mine, "my page")

    def _options(self, page: Page, path: str) -> dict[str, object]:
        token = page.form(path.removesuffix("/options")).fields["_csrf_token"][0]
        headers = {"x-csrftoken": token, "accept": "application/json"}
        answer = self.resident.http.post(path, headers=headers)
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=dict[str, object])

    # --- 2 ---

    def _agree(self) -> Iterator[str]:
        self._wait_for_the_register()
        page = self.resident.get(self.nursery.origin)
        page = self.resident.submit(page, "/start")
        yield "a nursery (a program of its own) asks for household and address, to book a place"
        if "/consent/request/" in page.url:
            expect(self.nursery.title in page.text, page, "who asks")
            page = self.resident.submit(page, "/consent/request/", press=("answer", "agree"))
            page = self.resident.get(page.link("/enter/"))
            yield "the sheet said who, what, why, until when and who else; agreed"
        if "/enter/" in page.url:
            page = self.resident.submit(page, "/enter/", press=_first_button(page, "/enter/"))
        self.booking = page.url.rsplit("/", 1)[1]
        shown = self.nursery.booking(self.booking)
        expect(shown["status"] == 200, page, "a booking")
        records = shown["answer"]["records"]
        self.born_on = max(record["items"]["birth_on"] for record in records)
        yield f"the nursery sees {len(records)} people; the other adult is left out until they agree"

    def _wait_for_the_register(self) -> None:
        """The worker matches within a second or so; the history says when it has."""
        for _ in range(40):
            if "照合" in self.resident.get("/my/history").text:
                return
            self.nursery.rest()

    # --- 3 ---

    def _apply(self) -> Iterator[str]:
        page = self._start_form()
        yield "the form is filled from the town's register, through the door"
        for values in self._answers():
            page = self.resident.submit(page, "/form/", values, press=("go", "next"))
        expect(page.url.endswith("/check"), page, "the page that is signed")
        sent = self.resident.submit(page, "/send", {"agreed": "yes"})
        self.case = sent.url.split("/cases/")[1].split("?")[0]
        number = _found(r"\d{3}-\d{2}-\d{5}", sent.text, sent)
        yield f"sent: reception number {number}"
        association = self._officer("", 0)
        self._act(association, "start_check")
        seen = self._act(association, "hand_over")
        expect("/decision" not in {form.action[-9:] for form in seen.forms}, seen, "no decision")
        yield "the association checked that it is complete; it has no button to decide, and may not"
        self._try_to_decide(association)
        yield "a decision posted by the association all the same was refused (403)"
        officer = self._officer(self.place.town_name, 0)
        self._act(officer, "conclude")
        decided = self._decide(officer)
        amount = _found(r"[\d,]+円", decided.text, decided)
        yield f"the town decided, on an amount computed by dated, cited rules ({amount} a month)"
        self._act(association, "prepare_notice")
        self._act(association, "dispatch")
        letter = self._fetch_letter()
        yield f"the notice is in the inbox: a PDF of {len(letter) // 1024} KiB with the legal instructions"

    def _start_form(self) -> Page:
        page = self.resident.get("/procedures/C1")
        page = self.resident.submit(
            page, "/start", {"town": self.place.town}, press=("fill", "register")
        )
        if "/consent/request/" in page.url:
            page = self.resident.submit(page, "/consent/request/", press=("answer", "agree"))
            page = self.resident.get(page.link("/procedures/"))
        return page

    def _answers(self) -> Iterator[dict[str, str | list[str]]]:
        year, month, day = self.born_on.split("-")
        yield {
            "reason": "birth",
            "event_date_year": year,
            "event_date_month": str(int(month)),
            "event_date_day": str(int(day)),
        }
        yield {}
        yield {"is_public_servant": "no", "pension": "employees"}
        yield {"has_spouse": "yes", "spouse_name": "見本　配偶者", "earns_more": "yes"}
        yield {}
        yield {"account_use": "registered"}

    def _officer(self, heading: str, position: int) -> Browser:
        """A sample officer: the association's posts stand first, then each town's under its name."""
        browser = self._browser()
        page = browser.get("/desk/sign-in")
        html = page.response.text
        start = html.rindex(heading, 0, html.rindex('name="post"')) if heading else 0
        posts = re.findall(r'name="post" value="([^"]+)"', html[start:])
        browser.submit(page, "/desk/sign-in/sample", press=("post", posts[position]))
        return browser

    def _act(self, desk: Browser, act: str) -> Page:
        page = desk.get(f"/desk/cases/{self.case}")
        form = page.form(f"/acts/{act}")
        return desk.submit(page, f"/acts/{act}", {"checked": form.choices.get("checked", [])})

    def _try_to_decide(self, association: Browser) -> None:
        page = association.get(f"/desk/cases/{self.case}")
        token = page.forms[0].fields["_csrf_token"][0]
        answer = association.http.post(
            f"/desk/cases/{self.case}/decision",
            data={"_csrf_token": token, "outcome": "granted", "evaluation": str(uuid4())},
        )
        expect(answer.status_code == 403, Page(answer), "a refusal")

    def _decide(self, officer: Browser) -> Page:
        page = officer.get(f"/desk/cases/{self.case}")
        form = page.form("/decision")
        values = {name: found[0] for name, found in form.choices.items() if name not in form.fields}
        return officer.submit(page, "/decision", values)

    def _fetch_letter(self) -> bytes:
        """The notice stands among other messages; its arrival is the worker's doing."""
        for _ in range(40):
            inbox = self.resident.get("/inbox")
            for link in dict.fromkeys(link for link in inbox.links if link.startswith("/inbox/")):
                message = self.resident.get(link)
                papers = [
                    found for found in message.links if self.case in found and ".pdf" in found
                ]
                if papers:
                    answer = self.resident.http.get(papers[0])
                    expect(answer.content.startswith(b"%PDF-"), Page(answer), "a PDF")
                    return answer.content
            self.nursery.rest()
        raise LostOnTheWay("the notice has not arrived in the inbox")

    # --- 4 ---

    def _receive_and_pay(self) -> Iterator[str]:
        wallet = self._wait_for_gift()
        yield f"the town's gift has arrived: {_found(r'[0-9,]+円', wallet.text, wallet)} in the wallet"
        shop = self._browser()
        page = shop.get("/shop/sign-in")
        till = shop.submit(page, "/shop/sign-in", holding="shop")
        bill = shop.submit(till, "/shop", {"amount": str(PRICE_YEN)}, holding="amount")
        code = _found(r"/coin/pay/[A-Za-z0-9?=&;._-]+", bill.response.text, bill)
        yield f"the shop shows a code over {PRICE_YEN:,} yen"
        confirm = self.resident.get(code.replace("&amp;", "&"))
        paid = self.resident.submit(confirm, "/coin/pay/")
        expect("/coin/paid/" in paid.url, paid, "a payment")
        yield "the resident read who and how much, and paid"
        today = shop.get("/shop/today")
        expect(f"{PRICE_YEN:,}円" in today.text, today, "the payment at the till")
        yield "the shop sees it at once"

    def _wait_for_gift(self) -> Page:
        for _ in range(60):
            page = self.resident.get("/coin")
            if re.search(r"いま使える金額 (?!0円)[\d,]+円", page.text):
                return page
            self.nursery.rest()
        raise LostOnTheWay(f"no gift in the wallet: {page.text[:300]}")

    # --- 5 ---

    def _see_and_withdraw(self) -> Iterator[str]:
        history = self.resident.get("/my/history")
        yield _found(r"今月[^。]*。", history.text, history)
        self._find_in_history(history, self.nursery.title)
        yield "the history names the nursery, the town, the association and the register"
        consents = self.resident.get("/my/consents")
        record = self._nursery_consent(consents)
        receipt = self.resident.http.get(record.link("/my/consents/receipts/"))
        expect(receipt.status_code == 200, Page(receipt), "a receipt")
        yield "the receipt of the consent is a signed document"
        self.resident.submit(record, "/withdraw")
        refused = self.nursery.ask_again(self.booking)
        expect(refused["status"] != 200, consents, "a refusal at the door")
        yield f"withdrawn: the nursery's next request is refused ({refused['status']})"
        after = self.resident.get("/my/history")
        yield _found(r"今月[^。]*。", after.text, after)

    def _find_in_history(self, page: Page, name: str) -> None:
        """Page by page, the newest first."""
        for _ in range(40):
            if name in page.text:
                return
            page = self.resident.get(page.link("/my/history?before="))
        raise LostOnTheWay(f"{name} is not in the history")

    def _nursery_consent(self, consents: Page) -> Page:
        for link in consents.links:
            if re.fullmatch(r"/my/consents/[0-9a-f-]{36}", link):
                page = self.resident.get(link)
                if self.nursery.title in page.text and any(
                    "/withdraw" in f.action for f in page.forms
                ):
                    return page
        raise LostOnTheWay(f"no living consent for the nursery at {consents.url}")


def expect(is_so: bool, page: Page, what: str) -> None:
    if not is_so:
        raise LostOnTheWay(f"expected {what} at {page.url} ({page.status}): {page.text[:500]}")


def _found(pattern: str, text: str, page: Page) -> str:
    match = re.search(pattern, text)
    expect(match is not None, page, pattern)
    assert match is not None
    return match[0]


def _first_button(page: Page, action: str) -> tuple[str, str] | None:
    buttons = page.form(action).buttons
    return buttons[0] if buttons else None


__all__ = ["LostOnTheWay", "Place", "Step", "walk"]
