"""A browser without scripts: follows links and redirects, fills forms, keeps cookies."""

from collections.abc import Mapping
from html.parser import HTMLParser
from ssl import SSLContext
from urllib.parse import urljoin

import httpx
import msgspec


class Form(msgspec.Struct, kw_only=True):
    action: str
    method: str
    fields: dict[str, list[str]]
    """What would be sent as the form stands."""
    choices: dict[str, list[str]]
    """Values that radio buttons, boxes and lists offer, by name."""
    buttons: list[tuple[str, str]]


class LostOnTheWay(Exception):
    """The page does not hold what the story expects; the text says what and where."""


class _Reader(HTMLParser):
    """Forms, links and words of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._textarea: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                method = found.get("method", "get").lower()
                self._form = Form(
                    action=found.get("action", ""), method=method, fields={}, choices={}, buttons=[]
                )
                self.forms.append(self._form)
            case "a" if "href" in found:
                self.links.append(found["href"])
            case "input" | "button" if self._form is not None and "name" in found:
                self._field(tag, found)
            case "select":
                self._select = found.get("name")
            case "option" if self._form is not None and self._select is not None:
                self._form.choices.setdefault(self._select, []).append(found.get("value", ""))
                if "selected" in found:
                    self._form.fields[self._select] = [found.get("value", "")]
            case "textarea" if self._form is not None and "name" in found:
                self._textarea = found["name"]
                self._form.fields[self._textarea] = [""]
            case "script" | "style":
                self._hidden += 1
            case _:
                pass

    def _field(self, tag: str, found: dict[str, str]) -> None:
        assert self._form is not None
        kind, name, value = found.get("type", ""), found["name"], found.get("value", "")
        if tag == "button":
            self._form.buttons.append((name, value))
        elif kind in ("radio", "checkbox"):
            self._form.choices.setdefault(name, []).append(value or "on")
            if "checked" in found:
                self._form.fields.setdefault(name, []).append(value or "on")
        else:
            self._form.fields.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "select":
                self._select = None
            case "textarea":
                self._textarea = None
            case "script" | "style":
                self._hidden -= 1
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._textarea is not None and self._form is not None:
            self._form.fields[self._textarea] = [data]
        elif not self._hidden and data.strip():
            self.words.append(data.strip())


class Page:
    """What came back, read once."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.url = str(response.url)
        self.status = response.status_code
        reader = _Reader()
        reader.feed(response.text)
        self.forms, self.links = reader.forms, reader.links
        self.text = " ".join(reader.words)

    def form(self, action: str, holding: str = "") -> Form:
        """The first form whose action contains these words, with that field. Raises LostOnTheWay."""
        for form in self.forms:
            is_there = not holding or holding in form.fields
            if action in (form.action or self.url) and is_there:
                return form
        raise LostOnTheWay(f"no form {action!r} at {self.url} ({self.status}): {self.text[:300]}")

    def link(self, part: str) -> str:
        for link in self.links:
            if part in link:
                return link
        raise LostOnTheWay(f"no link {part!r} at {self.url} ({self.status}): {self.text[:300]}")


class Browser:
    """One visitor's cookies and connections."""

    def __init__(self, origin: str, verify: SSLContext | bool) -> None:
        self.origin = origin
        self.http = httpx.Client(
            base_url=origin,
            verify=verify,
            follow_redirects=True,
            timeout=30,
            headers={"Accept": "text/html", "Accept-Language": "ja"},
        )

    def get(self, path: str) -> Page:
        return self._checked(self.http.get(path))

    def submit(
        self,
        page: Page,
        action: str,
        values: Mapping[str, str | list[str]] | None = None,
        press: tuple[str, str] | None = None,
        holding: str = "",
        may_fail: bool = False,
    ) -> Page:
        """Send the form with what stands in it, these values over it, and the button pressed.

        Raises LostOnTheWay for an answer of 400 and above, unless the story expects one.
        """
        form = page.form(action, holding)
        sent: dict[str, str | list[str]] = {**form.fields, **(values or {})}
        if press is not None:
            sent[press[0]] = press[1]
        target = urljoin(page.url, form.action)
        if form.method == "get":
            answer = self.http.get(target, params=sent)
        else:
            answer = self.http.post(target, data=sent)
        return Page(answer) if may_fail else self._checked(answer)

    def _checked(self, response: httpx.Response) -> Page:
        page = Page(response)
        if response.status_code >= 400:
            raise LostOnTheWay(f"{response.status_code} at {page.url}: {page.text[:400]}")
        return page

    def close(self) -> None:
        self.http.close()
