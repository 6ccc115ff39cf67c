"""The shape of the house: who may import whom, what a verb looks like, and that what there is stands in the docs."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import gatekeeper.actions
from gatekeeper.rules.lifecycle import TABLES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gatekeeper"


@cache
def files(*folders: str, ending: str = ".py") -> list[Path]:
    """Every file of ours under these folders (or these files), without migrations."""
    found: list[Path] = []
    for folder in folders:
        place = ROOT / folder
        found += [place] if place.is_file() else sorted(place.rglob(f"*{ending}"))
    return [file for file in found if "migrations" not in file.parts and "__pycache__" not in file.parts]


@cache
def imports(file: Path) -> frozenset[str]:
    """The modules that a file imports, relative ones resolved, those for type checking left out."""
    tree = ast.parse(file.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = ".".join(file.relative_to(ROOT).with_suffix("").parts[:-1])
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            module = ".".join(filter(None, [base if node.level else "", node.module or ""]))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def reaches(file: Path, *modules: str) -> set[str]:
    """Which of these modules a file imports, or anything in them."""
    return {
        module
        for module in modules
        for imported in imports(file)
        if imported == module or imported.startswith(f"{module}.")
    }


# --- direction


def test_rules_import_the_standard_library_and_each_other() -> None:
    """No Django, no clock of their own, no YAML: a rule is a table or a pure function."""
    for file in files("gatekeeper/rules"):
        for imported in imports(file):
            top = imported.partition(".")[0]
            assert top in sys.stdlib_module_names or imported.startswith("gatekeeper.rules"), f"{file.name}: {imported}"
        assert not reaches(file, "time", "random", "secrets", "os", "socket"), file.name


FACES = (
    "gatekeeper.web",
    "gatekeeper.api",
    "gatekeeper.hooks",
    "gatekeeper.admin",
    "gatekeeper.clock",
    "gatekeeper.management",
)


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("gatekeeper/models", ("gatekeeper.actions", "gatekeeper.hub", "gatekeeper.proof", "django.http", *FACES)),
        ("gatekeeper/actions", ("gatekeeper.hub", "django.http", "rest_framework", *FACES)),
        ("gatekeeper/proof", ("gatekeeper.actions", "gatekeeper.hub", "django.http", *FACES)),
        ("gatekeeper/catalogues", ("gatekeeper.models", "gatekeeper.actions", "gatekeeper.hub", "django.db", *FACES)),
        ("accounts", ("gatekeeper",)),
        ("gatekeeper/web", tuple(face for face in FACES if face != "gatekeeper.web")),
        ("gatekeeper/api", tuple(face for face in FACES if face != "gatekeeper.api")),
        ("gatekeeper/hooks.py", ("gatekeeper.hub", *(face for face in FACES if face != "gatekeeper.hooks"))),
        ("gatekeeper/clock.py", tuple(face for face in FACES if face != "gatekeeper.clock")),
        ("gatekeeper/admin.py", tuple(face for face in FACES if face != "gatekeeper.admin")),
    ],
)
def test_no_room_imports_what_stands_above_it(room: str, never: tuple[str, ...]) -> None:
    """Faces, then verbs, then nouns, then rules; and no face knows another."""
    for file in files(room):
        assert reaches(file, *never) == set(), file.relative_to(ROOT)


def test_the_outside_has_one_door() -> None:
    """huggingface_hub in hub/client.py, Celery in celery.py and tasks.py, and nothing else knows them."""
    for file in files("gatekeeper", "accounts"):
        here = file.relative_to(ROOT).as_posix()
        if here != "gatekeeper/hub/client.py":
            assert not reaches(file, "huggingface_hub"), here
        if here != "gatekeeper/celery.py" and file.name != "tasks.py":
            assert not reaches(file, "celery"), here


# --- verbs

# What verbs are made of, and what only checks or returns: no verb by itself.
PARTS = {
    "check_codes",
    "check_questions",
    "check_terms",
    "decide",
    "enqueue",
    "follow_licence",
    "give_grants",
    "issue_all",
    "locked_licence",
    "new_acceptance",
    "new_submission",
    "nudge",
    "opine",
    "readable",
    "require",
    "say",
    "store_file",
    "taken_in",
    "told_of_token",
    "too_early",
    "too_many",
    "hub_can_call",
    "watch_anew",
    "what_is_missing",
}
# What only a system user does, or a worker writes down: the actor is not chosen by the caller.
SYSTEM = {
    "activate_all",
    "activate_confirmed",
    "admit_all",
    "approve_automatically",
    "begin_all",
    "bring_in",
    "carry_on_all",
    "carry_out_all",
    "confirm_all",
    "confirm_open",
    "delete_overdue",
    "erase_all",
    "expire_all",
    "find_all",
    "finish_all",
    "follow",
    "forget_answers",
    "forget_overdue",
    "give_back_all",
    "go_on_all",
    "hear",
    "keep_card",
    "issue_missing",
    "lapse_all",
    "meet",
    "meet_all",
    "meet_invited",
    "note_breaches",
    "note_health",
    "note_refused",
    "note_state",
    "remind_of_terms",
    "remind_unfinished",
    "reopen_all",
    "repair_all",
    "restore_all",
    "stop_all",
    "undo_unasked_all",
    "vanish_all",
}


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Every public module of a package."""
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def functions() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every public function of the room of verbs."""
    for module in modules_of(gatekeeper.actions):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield name, function


VERBS = [
    pytest.param(function, id=f"{function.__module__.rpartition('.')[2]}.{name}") for name, function in functions()
]


@pytest.mark.parametrize("function", VERBS)
def test_every_verb_says_who_and_when(function: Callable[..., object]) -> None:
    """By keyword: `by=` for whoever acts, `at=` for the time; a list of rows, or a row, comes first."""
    if function.__name__ in PARTS:
        return
    parameters = inspect.signature(function).parameters.values()
    positional = [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    named = {one.name: one for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
    assert len(positional) <= (2 if function.__name__ in ("bring_in", "bring_in_all") else 1)
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters) and "by" not in named:
        assert "see " in (inspect.getdoc(function) or ""), "what it hands on to is named"
        return
    assert named["at"].default is None
    if function.__name__ not in SYSTEM:
        assert named["by"].default is inspect.Parameter.empty


def test_no_name_of_a_part_or_a_system_verb_is_left_over() -> None:
    """What is excused above is there."""
    assert {name for name, _function in functions()} >= PARTS | SYSTEM


@pytest.mark.parametrize("function", VERBS)
def test_every_function_of_the_verbs_says_what_it_does(function: Callable[..., object]) -> None:
    """A verb is read before it is called."""
    assert (inspect.getdoc(function) or "").endswith((".", ")"))


def test_every_module_opens_with_what_it_is_for() -> None:
    """One to a few lines."""
    for file in files("gatekeeper", "accounts"):
        text = file.read_text("utf-8")
        if text.strip():
            assert ast.get_docstring(ast.parse(text)), file.relative_to(ROOT)


# --- faces

COMPARES = re.compile(
    r"(?<!answer)(?<!run)\.status\b\s*(==|!=|in\b|not in\b)|\bstatus(__in)?=(?!=)|[A-Za-z]+Status\.[A-Z]"
)
FACE_FILES = files(
    "gatekeeper/web", "gatekeeper/api", "gatekeeper/hooks.py", "gatekeeper/admin.py", "gatekeeper/clock.py"
)


def test_no_face_compares_a_status() -> None:
    """What may be done comes from actions_for, which rows from a QuerySet with a name."""
    for file in FACE_FILES:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if COMPARES.search(line) and not ANSWERS_HTTP.search(line):
                pytest.fail(f"{file.relative_to(ROOT)}:{number}: {line.strip()}")


# Of an HTTP answer, not of a thing with a lifecycle.
ANSWERS_HTTP = re.compile(
    r"(Response|HttpResponse|render)\(.*status=|\bstatus=(self\.)?(status|code|\d{3})|status=\w+\.status"
)


def test_no_template_compares_a_status() -> None:
    """Buttons are drawn from actions_for; words of a status come from one place."""
    for file in files("templates", ending=".html"):
        assert not re.search(r"\{%[^%]*\.status\s*(==|!=| in )", file.read_text("utf-8")), file.relative_to(ROOT)


# --- docs


@cache
def documentation() -> str:
    """Everything that users read: the README and the docs."""
    pages = [ROOT / "README.md", *files("docs", ending=".md")]
    return "\n".join(page.read_text("utf-8") for page in pages)


def settings_from_the_environment() -> set[str]:
    """The names that settings.py asks the environment for."""
    readers = {"given", "flag", "whole", "words", "web_address", "demanded", "kept"}
    tree = ast.parse((PACKAGE / "settings.py").read_text("utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in readers
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


COMMANDS = sorted(
    file.stem
    for app in ("gatekeeper", "accounts")
    for file in files(f"{app}/management/commands")
    if file.stem != "__init__"
)


def test_there_are_settings_and_commands_to_look_for() -> None:
    """A test that finds nothing proves nothing."""
    assert {"DATABASE_URL", "PUBLIC_URL", "SECRET_KEY", "HUB_ENDPOINT"} <= settings_from_the_environment()
    assert {"audit", "hub", "lifecycle", "first_operator"} <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(settings_from_the_environment()))
def test_every_setting_stands_in_the_docs(name: str) -> None:
    """Whoever installs it can find what it means."""
    assert f"`{name}`" in documentation()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_docs(name: str) -> None:
    """With the way to call it."""
    assert re.search(rf"\b{name}\b", documentation())


@pytest.mark.parametrize("action", sorted({step.action for steps in TABLES.values() for step in steps}))
def test_every_action_stands_in_the_docs(action: str) -> None:
    """By its name in the tables, as the API calls it."""
    assert f"`{action}`" in documentation()


@pytest.mark.parametrize("page", [ROOT / "README.md", *files("docs", ending=".md")], ids=lambda page: page.name)
def test_every_link_of_the_docs_leads_to_a_file(page: Path) -> None:
    """Within the project; what leads out of it is not asked."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


# --- what is left behind


def tracked() -> list[Path]:
    """The files of the project; of a copy without its history, all that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [file for file in ROOT.rglob("*") if file.is_file() and not {".venv", ".data"} & set(file.parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


LEFT_BEHIND = re.compile(r"\b(TODO|FIXME|HACK)\b|\bXXX\b")
OURS = (".py", ".html", ".md", ".toml", ".yml", ".css")


def test_nothing_is_left_to_do() -> None:
    """What is not done is not in the tree, and no path of a machine is either."""
    here = Path(__file__).resolve()
    for file in tracked():
        if file.suffix in OURS and file != here and "vendor" not in file.parts:
            text = file.read_text("utf-8")
            assert not LEFT_BEHIND.search(text), file.relative_to(ROOT)
            assert not re.search(r"(?<![\w.])/(work|home/\w+|Users)/\w", text), file.relative_to(ROOT)
