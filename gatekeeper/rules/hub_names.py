"""Hub names as people write them down: normalised, or refused. A name is what somebody goes by, not who they are.

Names on the Hub ignore case. What is accepted here is what the Hub gives out: letters, digits, hyphens, and the dots
and underscores of older accounts.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 96
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
BETWEEN = re.compile(r"[\s,;]+")
UNSEEN = {"Cf", "Cc"}


def normalised(text: str) -> str | None:
    """Return the Hub name that was written, without @, address, spaces or unseen characters; None if it is none.

    An apostrophe before it is what spreadsheets write to keep a text a text.
    """
    seen = "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) not in UNSEEN)
    name = ADDRESS.sub("", seen.strip().removeprefix("'").strip(), count=1).removeprefix("@").rstrip("/")
    return name if len(name) <= LONGEST and NAME.fullmatch(name) else None


def key(name: str) -> str:
    """Return what two spellings of one name share."""
    return name.upper()


def listed(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (as written, name or None) for each name of a list with commas, semicolons, spaces or lines between."""
    for written in BETWEEN.split(text.strip().lstrip("\ufeff")):
        if written:
            yield written, normalised(written)
