"""`python -m gatekeeper.embedded`: run a command on the servers, say where the data is, remove it."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from . import EmbeddedError, data_folder, hold
from .home import Home
from .keeper import reset, start


def become(command: list[str], *, fast: bool) -> None:
    """Become `command`, with both URLs in its environment; those already set are used as they are.

    With `fast` the servers work on a folder that is thrown away, and lose it if the machine does: for tests.
    """
    wanted = {"DATABASE_URL", "REDIS_URL"} - {name for name, value in os.environ.items() if value}
    if wanted:
        home = Home(Path(tempfile.mkdtemp(prefix="gk-fast-", dir="/tmp")) if fast else data_folder())
        lifeline, found = hold(home, fast=fast, throw_away=fast)
        os.set_inheritable(lifeline.fileno(), True)  # the command holds it now, until its last process has ended
        os.environ.update({name: found[name] for name in wanted})
    try:
        os.execvp(command[0], command)  # noqa: S606  running what the caller names is the purpose
    except OSError as error:
        raise EmbeddedError(f"{command[0]} can't be run: {error.strerror}.") from error


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gatekeeper.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a command with DATABASE_URL and REDIS_URL of the embedded servers")
    run.add_argument(
        "--fast", action="store_true", help="on a throw-away folder, without waiting for the disk: for tests"
    )
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    commands.add_parser("where", help="print the servers' folder")
    commands.add_parser("reset", help="remove the data; refused while it is in use")
    starting = commands.add_parser("start")  # what the others call
    starting.add_argument("--data", type=Path, required=True)
    starting.add_argument("--fast", action="store_true")
    starting.add_argument("--throw-away", action="store_true")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            words = options.words[1:] if options.words[:1] == ["--"] else options.words
            if not words:
                parser.error("name the command to run: run -- COMMAND")
            become(words, fast=options.fast)
        elif options.command == "start":
            start(Home(options.data), fast=options.fast, throw_away=options.throw_away)
        elif options.command == "reset":
            reset(Home(data_folder()))
        else:
            sys.stdout.write(f"{data_folder()}\n")
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
