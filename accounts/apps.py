"""People: who they are, where they sign in, which publishers they serve. Knows nothing of gates."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, Hub persons, publishers, memberships and tokens."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People"

    def ready(self) -> None:
        """Listen to sign-ins."""
        from accounts import signals  # noqa: F401  (importing it connects them)
