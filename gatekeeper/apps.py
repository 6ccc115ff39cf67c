"""The domain, as one Django app."""

from django.apps import AppConfig


class GatekeeperConfig(AppConfig):
    """Staged release of gated repositories."""

    name = "gatekeeper"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Gatekeeper"

    def ready(self) -> None:
        """Register the system checks."""
        from gatekeeper import checks  # noqa: F401  (importing it registers them)
