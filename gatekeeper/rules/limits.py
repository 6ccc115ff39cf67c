"""The words by which a licence limits or permits, in English and French.

They are looked for word by word, and rather too often than too seldom: a stricter licence must not pass as a clearer
one. What ends with "*" stands for each word that begins so.
"""

import re

WORD = re.compile(r"\w+")
LIMITING = """
    not t cannot no nor neither never nothing nobody non* without unless until except* exclu* only sole solely must
    shall refrain* abstain* cease* prohibit* forbid* forbade disallow* restrict* limit* ban bans banned deny denies
    denied unlawful* illegal* unauthori* requir* condition* provided subject maximum attachment* terminat* expir* revoc*
    revok* indemnif* avoid*
    n ne pas ni aucun* jamais sans sauf interdi* défen* seul* uniquement exclusiv* devoir dois doit doivent devez
    devons devr* absten* abstien* restrei* annexe* résili* révoqu*
"""  # "isn’t" and "n’est" are two words each
PERMITTING = """
    may can grant* permit* permission* allow* entitled any anyone anything anywhere free freely right rights irrevocabl*
    perpetual* worldwide royalty unlimited unrestricted
    peut peux peuvent pouvez accord* autoris* perme* permis* libre* tout toute toutes tous droit droits irrévocabl*
    perpétuel* mondial*
"""


def _listed(words: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the words of a list that are whole, and the beginnings."""
    each = words.split()
    whole = frozenset(word for word in each if not word.endswith("*"))
    return whole, tuple(word[:-1] for word in each if word.endswith("*"))


LIMITS, PERMITS = _listed(LIMITING), _listed(PERMITTING)


def limits(text: str) -> bool:
    """Say whether a text forbids, bounds, asks or ends something, as far as its words tell."""
    return _holds(text, *LIMITS)


def permits(text: str) -> bool:
    """Say whether a text permits something, as far as its words tell."""
    return _holds(text, *PERMITS)


def _holds(text: str, whole: frozenset[str], beginnings: tuple[str, ...]) -> bool:
    return any(word in whole or word.startswith(beginnings) for word in set(WORD.findall(text.casefold())))
