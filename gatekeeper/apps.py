"""The domain, as one Django app."""

from django.apps import AppConfig


class GatekeeperConfig(AppConfig):
    """Staged release of gated repositories."""

    name = "gatekeeper"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Gatekeeper"

    def ready(self) -> None:
        """Register the system checks, and have nudges ring the workers' bell."""
        from gatekeeper import bell, checks  # noqa: F401  (importing it registers them)
        from gatekeeper.actions.nudges import nudged
        from gatekeeper.web import arrivals  # noqa: F401  (importing it listens to sign-ins)

        nudged.connect(bell.ring, dispatch_uid="bell")
