"""The French catalogue: whole, in step with the code and with its compiled form, and spoken by the pages."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.test import Client
from django.utils.translation.template import templatize

from accounts.viewer import Viewer
from gatekeeper.models import Grant, Stage
from tests import factories

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUE = PROJECT / "gatekeeper" / "locale" / "fr" / "LC_MESSAGES" / "django.po"
TOGETHER = "`make messages` collects and compiles; then translate what is new."

STRING = r"""u?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
MARKED_IN_TEMPLATE = re.compile(rf"\b(_|gettext|ngettext|pgettext|npgettext)\({STRING}(?:, ?{STRING})?")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|</?\w+>")
SHOWN_ATTRIBUTE = re.compile(r'\s(?:alt|aria-label|data-label|placeholder|title)="([^"]*)"')
NAMES = {"English", "Français", "Gatekeeper", "UTC"}
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}


class Message(NamedTuple):
    """An entry of a catalogue: its key (context and words), its plural, and the translations."""

    key: str
    words: str
    plural: str | None
    translations: tuple[str, ...]
    flags: frozenset[str]


def read(path: Path) -> list[Message]:
    """The entries of a .po, its header apart: gettext need not be installed to read one."""
    blocks = (block.splitlines() for block in path.read_text(encoding="utf-8").split("\n\n"))
    return [message for message in map(_message, blocks) if message.words]


def _message(lines: list[str]) -> Message:
    parts: dict[str, str] = {}
    flags: set[str] = set()
    keyword = ""
    for line in lines:
        if line.startswith("#,"):
            flags |= {flag.strip() for flag in line[2:].split(",")}
        if line.startswith("#") or not line:
            continue
        if not line.startswith('"'):
            keyword, _space, line = line.partition(" ")
        parts[keyword] = parts.get(keyword, "") + ast.literal_eval(line)
    words = parts.get("msgid", "")
    key = f"{parts['msgctxt']}\x04{words}" if "msgctxt" in parts else words
    translations = tuple(text for name, text in parts.items() if name.startswith("msgstr"))
    return Message(key, words, parts.get("msgid_plural"), translations, frozenset(flags))


def marked() -> Iterator[tuple[str, Path]]:
    """Every sentence that the code marks for translation, and a file where it stands."""
    for room in ("accounts", "gatekeeper"):
        for path in (PROJECT / room).rglob("*.py"):
            yield from ((key, path) for key in marked_in_module(path.read_text(encoding="utf-8")))
    for path in [*(PROJECT / "templates").rglob("*.html"), *(PROJECT / "templates").rglob("*.txt")]:
        source = templatize(path.read_text(encoding="utf-8"))
        for name, *texts in MARKED_IN_TEMPLATE.findall(source):
            first, second = (ast.literal_eval(text or "''") for text in texts)
            yield (f"{first}\x04{second}" if "pgettext" in name else first), path


def marked_in_module(source: str) -> Iterator[str]:
    """The sentences that a module marks."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in MARKERS:
            continue
        texts = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if texts:
            yield "\x04".join(texts[:2]) if node.func.id.startswith("pgettext") else texts[0]


@pytest.fixture(scope="module")
def french() -> list[Message]:
    """The catalogue as it is written."""
    return read(CATALOGUE)


def test_it_holds_every_sentence_of_the_code_and_no_other(french: list[Message]) -> None:
    """Nobody reads half a page in English because somebody forgot to collect."""
    places = dict(marked())
    held = {message.key for message in french}
    missing = [f"{place.relative_to(PROJECT)}: {key!r}" for key, place in places.items() if key not in held]
    assert not missing, TOGETHER
    assert not held - places.keys(), TOGETHER


def test_everything_is_translated_and_nothing_is_guessed(french: list[Message]) -> None:
    """A fuzzy entry is a guess of the collecting tool, and is not shown."""
    assert len({message.key for message in french}) == len(french)
    for message in french:
        assert "fuzzy" not in message.flags, message.key
        assert len(message.translations) == (1 if message.plural is None else 2), message.key
        assert all(text.strip() for text in message.translations), message.key


def test_each_translation_holds_what_its_source_holds(french: list[Message]) -> None:
    """Placeholders and marks: one lost hides a name, one too many is an error where the sentence is shown."""
    for message in french:
        for source, text in zip((message.words, message.plural), message.translations, strict=False):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(source or "")), message.key


def test_no_line_breaks_before_a_mark_of_two_parts(french: list[Message]) -> None:
    """French sets a space before : ; ? ! and inside « », one at which no line ends."""
    for message in french:
        for text in message.translations:
            assert not re.search(r" [:;?!»]|« ", text), text


def test_apostrophes_are_curly(french: list[Message]) -> None:
    """In both languages, as the quotation marks are: a text in which both kinds meet looks careless."""
    straight = re.compile(r"\w'")
    assert not [f"{place.relative_to(PROJECT)}: {key!r}" for key, place in marked() if straight.search(key)]
    assert not [text for message in french for text in message.translations if straight.search(text)]


def test_the_compiled_catalogue_is_in_step(french: list[Message]) -> None:
    """It is kept in the repository, because not every machine that runs this has gettext."""
    with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
        spoken = gettext.GNUTranslations(compiled)
    for message in french:
        context, _separator, words = message.key.rpartition("\x04")
        if message.plural is not None:
            said = [spoken.ngettext(words, message.plural, n) for n in (1, 2)]
        else:
            said = [spoken.pgettext(context, words) if context else spoken.gettext(words)]
        assert said == list(message.translations), f"{message.key}: {TOGETHER}"
    one, many = next((message.words, message.plural) for message in french if message.plural is not None)
    assert spoken.ngettext(one, many, 0) == spoken.ngettext(one, many, 1) != spoken.ngettext(one, many, 2)


@pytest.mark.parametrize(
    "file",
    sorted((PROJECT / "templates").rglob("*.html")),
    ids=lambda path: str(path.relative_to(PROJECT / "templates")),
)
def test_a_template_says_nothing_unmarked(file: Path) -> None:
    """Words between tags are translated, but for names."""
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"{#.*?#}|{% (comment|blocktranslate).*?{% end\1 %}", " ", text, flags=re.S)
    text = re.sub(r"{%.*?%}|{{.*?}}|<script.*?</script>", " ", text, flags=re.S)
    shown = [re.sub(r"<[^>]*>", " ", text), *SHOWN_ATTRIBUTE.findall(text)]
    assert set(re.findall(r"[^\W\d_]{2,}", " ".join(shown))) <= NAMES


# The pages


def heading(client: Client, path: str) -> tuple[str, str]:
    """The language that a page says it is in, and its first heading."""
    page = client.get(path, headers={"Accept-Language": "en"}).content.decode()
    language = re.search(r'<html lang="([^"]*)"', page)
    first = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.S)
    assert language is not None
    assert first is not None
    return language[1], " ".join(re.sub(r"<[^>]*>", "", first[1]).split())


@pytest.mark.django_db
def test_a_visitor_who_chose_french_reads_french() -> None:
    """Without JavaScript: a form that is sent, a cookie that comes back, before what the browser prefers."""
    client = Client()
    assert heading(client, "/catalogue/") == ("en", "Catalogue")
    client.post("/account/language/", {"language": "fr"})
    assert heading(client, "/") == ("fr", "La publication par étapes, pas à pas")
    client.post("/account/language/", {"language": "en"})
    assert heading(client, "/") == ("en", "Staged release, step by step")


@pytest.fixture
def access_of_ha(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Something to read about."""
    return factories.active_grant(stage, ha, by=chidi)


def test_somebody_who_chose_french_reads_french(access_of_ha: Grant, ha: Viewer, chidi: Viewer) -> None:
    """On the pages of whoever they are, and where there is no page; others go on in English."""
    pages = {
        ha: [("/my-access/", "Mes accès"), ("/requests/", "Mes demandes"), ("/nothing-here/", "Il n’y a rien ici")],
        chidi: [("/queue/", "File d’attente"), ("/account/", "Mon compte")],
    }
    for who, read_there in pages.items():
        client = Client()
        assert who.user is not None
        client.force_login(who.user)
        assert heading(client, "/")[0] == "en"
        client.post("/account/language/", {"language": "fr"})
        for path, words in read_there:
            assert heading(client, path) == ("fr", words)


def test_our_own_forms_are_asked_in_french_too(stage: Stage, amara: Viewer) -> None:
    """A form made from a template holds both languages, and says in French why it asks."""
    client = Client()
    assert amara.user is not None
    client.force_login(amara.user)
    client.post("/account/language/", {"language": "fr"})
    made = client.post("/publishers/aurora-lab/forms/new/", {"title": "Pour tous", "source": "template:research"})
    page = client.get(made["Location"]).content.decode()
    assert "Ce que vous voulez en faire" in page
    assert "Pour évaluer si l’usage convient à cette étape." in page
