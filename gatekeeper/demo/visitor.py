"""Somebody with a browser, without the browser: follows links, fills forms, presses buttons, keeps cookies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from .processes import DemoError

CALL_LIMIT = 30.0  # seconds


@dataclass
class Form:
    """A form of a page: where it goes, what stands in it, and the words on its buttons with what they send."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    """Reads the forms of a page, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._text: tuple[str, list[str]] | None = None
        self._select = ""
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "head"):
            self._skip += 1
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._read(tag, given, self._form)

    def _read(self, tag: str, given: dict[str, str], form: Form) -> None:
        name = given.get("name", "")
        if tag == "button" or (tag == "input" and given.get("type") == "submit"):
            form.buttons.append((given.get("value", "") if tag == "input" else "", name, given.get("value", "")))
            self._text = ("button", [])
        elif tag == "input" and name:
            form.fields.add(name)
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                form.values.append((name, given.get("value", "on" if given.get("type") == "checkbox" else "")))
        elif tag == "select" and name:
            form.fields.add(name)
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            form.values.append((self._select, given.get("value", "")))
        elif tag == "textarea" and name:
            form.fields.add(name)
            self._text = (name, [])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self._skip -= 1
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif self._text is not None and self._form is not None and tag in ("button", "textarea"):
            name, parts = self._text
            text = "".join(parts)
            if name == "button":
                _words, button, value = self._form.buttons[-1]
                self._form.buttons[-1] = (" ".join(text.split()), button, value)
            else:
                self._form.values.append((name, text.removeprefix("\n")))
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)
        if not self._skip:
            self.words.append(data)


@dataclass
class Page:
    """A page as it was got."""

    url: str
    status: int
    html: str

    def __post_init__(self) -> None:
        reader = _Forms()
        reader.feed(self.html)
        self.forms = reader.forms
        self.words = " ".join(" ".join(reader.words).split())


class Visitor:
    """One person with cookies of their own."""

    def __init__(self, name: str, base: str) -> None:
        self.name, self.base = name, base
        self.session = requests.Session()
        self.session.trust_env = False
        self.page = Page(base, 0, "")

    def open(self, path: str, *, expect: int = 200) -> Page:
        """Go to a page. Raises DemoError if it answers otherwise than expected."""
        return self._arrive(self.session.get(urljoin(self.base, path), timeout=CALL_LIMIT), expect)

    def finds(self, path: str) -> bool:
        """Say whether there is such a page for this visitor."""
        return self.session.get(urljoin(self.base, path), timeout=CALL_LIMIT).status_code == 200

    def may_press(self, words: str) -> bool:
        """Say whether the page that is open has a button with these words."""
        return any(words.lower() in label.lower() for form in self.page.forms for label, _name, _value in form.buttons)

    def press(self, words: str, values: Mapping[str, str | list[str]] | None = None, *, expect: int = 200) -> Page:
        """Press the button with these words on the page that is open, after filling in the form that it belongs to.

        Raises DemoError if there is no such button or field, or the answer is not as expected.
        """
        for form in self.page.forms:
            for label, name, value in form.buttons:
                if words.lower() in label.lower():
                    return self._send(form, {name: value} if name else {}, dict(values or {}), expect)
        raise DemoError(f"{self.name} finds no button “{words}” on {self.page.url}: {self.page.words[:400]}")

    def _send(self, form: Form, pressed: dict[str, str], values: dict[str, str | list[str]], expect: int) -> Page:
        unknown = set(values) - form.fields
        if unknown:
            raise DemoError(
                f"{self.name} finds no field {sorted(unknown)} on {self.page.url}; there are {sorted(form.fields)}"
            )
        sent = [(name, value) for name, value in form.values if name not in values]
        for name, given in values.items():
            sent += [(name, one) for one in ([given] if isinstance(given, str) else given)]
        sent += list(pressed.items())
        address = urljoin(self.page.url, form.action or self.page.url)
        headers = {"Referer": self.page.url}
        if form.method == "post":
            return self._arrive(self.session.post(address, data=sent, headers=headers, timeout=CALL_LIMIT), expect)
        return self._arrive(self.session.get(address, params=sent, headers=headers, timeout=CALL_LIMIT), expect)

    def _arrive(self, response: requests.Response, expect: int) -> Page:
        self.page = Page(response.url, response.status_code, response.text)
        if response.status_code != expect:
            path = urlsplit(response.url).path
            raise DemoError(
                f"{self.name} got {response.status_code} from {path}, not {expect}: {self.page.words[:600]}"
            )
        return self.page

    def sign_in(self) -> Page:
        """Sign in with the Hub, as the person of this name."""
        self.open("/account/login/")
        self.press("Hugging Face")
        return self.press(self.name)

    def api(self, method: str, path: str, *, token: str, body: Any = None, expect: int = 200) -> dict[str, Any]:
        """Call the API with a token. Raises DemoError if the answer is not as expected."""
        response = requests.request(
            method,
            urljoin(self.base, f"/api/v1{path}"),
            json=body,
            timeout=CALL_LIMIT,
            headers={"Authorization": f"Bearer {token}"},
        )
        if response.status_code != expect:
            raise DemoError(f"{method} {path} gave {response.status_code}, not {expect}: {response.text[:600]}")
        return dict(response.json()) if response.content else {}
