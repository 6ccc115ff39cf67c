"""A real Hub is asked only by somebody who named it."""

from __future__ import annotations

import pytest

from .conftest import real_hub


def test_no_hub_is_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token alone leads nowhere."""
    monkeypatch.delenv("VERIFY_HUB", raising=False)
    monkeypatch.setenv("VERIFY_HUB_TOKEN", "hf_token")
    assert real_hub() is None


@pytest.mark.parametrize(
    ("ci", "token", "words"), [("true", "hf_token", "not for CI"), ("", "", "VERIFY_HUB_TOKEN holds no token")]
)
def test_it_refuses_to_run_in_ci_and_without_a_token(
    monkeypatch: pytest.MonkeyPatch, ci: str, token: str, words: str
) -> None:
    """Before anything is made."""
    monkeypatch.setenv("VERIFY_HUB", "https://hub.invalid")
    monkeypatch.setenv("VERIFY_HUB_TOKEN", token)
    monkeypatch.delenv("VERIFY_HUB_TOKEN_FILE", raising=False)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(pytest.exit.Exception, match=words):
        real_hub()
