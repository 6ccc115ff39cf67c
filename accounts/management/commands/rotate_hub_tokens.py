"""Encrypt everything that is kept encrypted anew, under the first key."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import ciphers
from accounts.models import HubToken

SEEDS = ("secret", "seed")  # where allauth keeps them in a factor's data


class Command(BaseCommand):
    """Run it after a new key was put first; afterwards the old keys may be removed."""

    help = "Encrypt the Hub tokens and second factors anew, under the first of GATEKEEPER_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """All that can be opened; says what cannot."""
        with transaction.atomic():
            tokens, locked_tokens = self.tokens()
            factors, locked_factors = self.second_factors()
        self.stdout.write(f"{tokens} Hub tokens and {factors} second factors are encrypted with the first key.")
        if locked := locked_tokens + locked_factors:
            raise CommandError(
                f"No key opens {', '.join(locked)}: add the key that they were made with, or replace them. "
                "Until then keep all old keys."
            )

    def tokens(self) -> tuple[int, list[str]]:
        """How many tokens were rotated, and the names of those that no key opens."""
        rotated, locked = [], []
        for token in HubToken.objects.exclude(ciphertext="").select_for_update(no_key=True).order_by("pk"):
            try:
                token.ciphertext = ciphers.rotate(token.ciphertext)
                rotated.append(token)
            except ciphers.KeyMissing:
                locked.append(f"Hub token {token.fingerprint}")
        HubToken.objects.bulk_update(rotated, ["ciphertext"], batch_size=500)
        return len(rotated), locked

    def second_factors(self) -> tuple[int, list[str]]:
        """How many seeds of authenticator apps and recovery codes were rotated, and the names of those left."""
        rotated, locked = [], []
        for factor in Authenticator.objects.select_for_update().order_by("pk"):
            try:
                factor.data.update({name: ciphers.rotate(factor.data[name]) for name in SEEDS if name in factor.data})
                rotated.append(factor)
            except ciphers.KeyMissing:
                locked.append(f"second factor {factor.pk}")
        Authenticator.objects.bulk_update(rotated, ["data"], batch_size=500)
        return len(rotated), locked
