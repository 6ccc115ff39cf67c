"""`python -m gatekeeper.hub.sandbox`: the sandbox Hub without Django."""

import sys

from gatekeeper.hub.sandbox.cli import main

sys.exit(main(sys.argv[1:]))
