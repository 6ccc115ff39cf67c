"""What is measured, beside its floor in the same run. Each figure is one JSON line; none of it is a test."""

import json
import os
import sys
from typing import Any


def django_up() -> None:
    """Load the settings, so that models can be imported after it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatekeeper.settings")
    import django

    django.setup()


def figure(name: str, value: float, unit: str, *, goal: str, holds: bool, against: Any = None) -> bool:
    """Print one figure as a JSON line on stdout, and return whether its goal holds."""
    line = {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "holds": holds, "against": against}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return holds


def say(sentence: str) -> None:
    """Tell the person who waits what is being done; stdout is for figures only."""
    sys.stderr.write(f"# {sentence}\n")
    sys.stderr.flush()
