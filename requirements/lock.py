"""Write and check the hash-locked requirement files.

`python requirements/lock.py` writes them (needs uv and the package index); `--check` says, without any network, whether
they still answer to pyproject.toml. A newer release on the index is no drift: pins move only with `--upgrade`.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
# File -> the extras of pyproject.toml that it holds besides the dependencies themselves.
FILES: dict[str, tuple[str, ...]] = {
    "base.txt": (),
    "demo.txt": ("embedded",),
    "dev.txt": ("embedded", "dev"),
}
MARK = "# Locked for pyproject.toml sha256:"


def asked_for(extras: tuple[str, ...]) -> str:
    """Return the digest of what pyproject.toml asks for: the Python range, the dependencies, and these extras."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(name for extra in extras for name in project["optional-dependencies"][extra])]
    text = json.dumps([project["requires-python"], sorted(wanted)])
    return hashlib.sha256(text.encode()).hexdigest()


def check() -> list[str]:
    """Return one sentence for each thing that is wrong with the files; none when they are in step."""
    wrong = []
    pins: dict[str, dict[str, str]] = {}
    for name, extras in FILES.items():
        path = HERE / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if not text.startswith(f"{MARK}{asked_for(extras)}\n"):
            wrong.append(
                f"requirements/{name} was made for other dependencies than pyproject.toml names: run `make lock`."
            )
        if "://" in text:
            wrong.append(f"requirements/{name} names a host; lock files hold names, versions and hashes only.")
        # Groups: the name and version of a pin, with its marker if any, before the first hash.
        blocks = re.findall(
            r"^([A-Za-z0-9._-]+)==([^\s;\\]+)[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}.*\n)+", text, re.MULTILINE
        )
        if len(blocks) != len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)):
            wrong.append(f"requirements/{name} holds a line without an exact version and hashes: run `make lock`.")
        pins[name] = dict(blocks)
    for package, version in pins["base.txt"].items():
        for name in ("demo.txt", "dev.txt"):
            if pins[name].get(package) != version:
                wrong.append(f"{package} is {version} in production but not in requirements/{name}: run `make lock`.")
    return wrong


def lock(*, upgrade: bool) -> None:
    """Compile every file with uv, keeping the pins that still fit unless `upgrade`."""
    for name, extras in FILES.items():
        path = HERE / name
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "pyproject.toml",
            "--universal",
            "--python-version",
            "3.11",
        ]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet"]
        command += [argument for extra in extras for argument in ("--extra", extra)]
        if name != "base.txt":
            command += ["--constraint", "requirements/base.txt"]
        if upgrade:
            command.append("--upgrade")
        command += ["--output-file", f"requirements/{name}"]
        subprocess.run(command, cwd=PROJECT, check=True, env={**os.environ, "UV_NO_PROGRESS": "1"})
        pinned = path.read_text(encoding="utf-8").removeprefix("\n")
        if pinned.startswith(MARK):
            pinned = pinned.split("\n", 1)[1]
        path.write_text(f"{MARK}{asked_for(extras)}\n{pinned}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Lock the dependencies of pyproject.toml with hashes.")
    parser.add_argument("--check", action="store_true", help="only say whether the files are in step; needs no network")
    parser.add_argument("--upgrade", action="store_true", help="move every pin to the newest release that fits")
    options = parser.parse_args()
    if not options.check:
        lock(upgrade=options.upgrade)
    wrong = check()
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
