"""Licence texts: the hash of the exact bytes, and the one that copies share."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.rules.licensing import (
    normalised,
    normalised_hash,
    raw_hash,
)


def test_the_raw_hash_is_of_the_exact_bytes() -> None:
    """One byte more is another text."""
    assert raw_hash(b"Be good.") == hashlib.sha256(b"Be good.").hexdigest()
    assert raw_hash(b"Be good.\n") != raw_hash(b"Be good.")


@pytest.mark.parametrize(
    "copy",
    [
        b"Be good.\r\nBe kind, H\xc3\xa0.\r\n",
        b"Be good.\rBe kind, H\xc3\xa0.",
        b"\xef\xbb\xbfBe good.  \nBe kind, H\xc3\xa0.\t\n\n",
        b"\n\nBe good.\nBe kind, Ha\xcc\x80.",
    ],
)
def test_copies_that_differ_in_encoding_and_white_space_normalise_alike(copy: bytes) -> None:
    """Line ends, a byte-order mark, trailing space and composed letters do not make another licence."""
    assert normalised_hash(copy) == normalised_hash("Be good.\nBe kind, Hà.".encode())


def test_other_words_normalise_to_another_hash() -> None:
    """A space inside a line may be a word."""
    assert normalised_hash(b"You may not.") != normalised_hash(b"You may no t.")
    assert normalised_hash(b"YOU MAY") != normalised_hash(b"You may")


@given(st.binary(max_size=200))
def test_any_bytes_can_be_normalised_and_nothing_changes_twice(text: bytes) -> None:
    """A text that is no UTF-8 has a hash too, and normalising is done once."""
    assert normalised(normalised(text)) == normalised(text)
