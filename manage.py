#!/usr/bin/env python
"""The command line. Commands that need no server start none."""

import os
import sys

# These read the code and nothing else: no database, no Redis, no keys.
OFFLINE = {
    "collectstatic",
    "compilemessages",
    "go_live",
    "help",
    "lifecycle",
    "makemessages",
    "sandbox_hub",
    "spectacular",
}
# The same of a subcommand: this one asks the Hub, and nothing here.
OFFLINE_PARTS = {("hub", "audit")}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatekeeper.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in OFFLINE or command.startswith("-") or tuple(sys.argv[1:3]) in OFFLINE_PARTS:
        os.environ.setdefault("GATEKEEPER_OFFLINE", "true")
    if command == "migrate":
        # A migration may rightly take long; waiting for a lock may not, so that limit stays.
        os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT", "0")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
