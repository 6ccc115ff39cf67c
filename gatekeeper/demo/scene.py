"""The pretend world of the demo: people, an organisation, and three gated repositories with cards as real ones are."""

import json
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.hub.sandbox.control import SandboxControl, SandboxError

LAB = "aurora-lab"
STEWARD, REVIEWER, RESEARCHER, SECOND_RESEARCHER = "amara", "chidi", "nguyen-ha", "ines"

TOKENS = {name: f"hf_demo_{name.replace('-', '_')}" for name in (STEWARD, REVIEWER, RESEARCHER, SECOND_RESEARCHER)}
FULL_NAMES = {
    STEWARD: "Amara Okafor",
    REVIEWER: "Chidi Eze",
    RESEARCHER: "Nguyễn Thị Hà",
    SECOND_RESEARCHER: "Inês Duarte",
}
EMAILS = {
    STEWARD: "amara@aurora-lab.example",
    REVIEWER: "chidi@aurora-lab.example",
    RESEARCHER: "ha@university.example",
    SECOND_RESEARCHER: "ines@institute.example",
}

WORLD = Path(__file__).parent / "world"
LICENCE = (WORLD / "LICENSE.txt").read_text(encoding="utf-8")
PATHOVISION_CARD = (WORLD / "pathovision.md").read_text(encoding="utf-8")
AURORA_CARD = (WORLD / "aurora.md").read_text(encoding="utf-8")
HUB_ANSWERS: dict[str, str] = json.loads((WORLD / "answers.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Repositories:
    """The names of the repositories of the demo."""

    short_way: str = f"{LAB}/pathovision-l"
    testers: str = f"{LAB}/aurora-diffusion-preview"
    researchers: str = f"{LAB}/aurora-diffusion-1"


REPOSITORIES = Repositories()


def people_arguments() -> list[str]:
    """Return the command-line options of the sandbox Hub that make its people and the organisation."""
    people = [f"--user={name}={token}" for name, token in TOKENS.items()]
    return [*people, f"--org={LAB}={STEWARD}:admin,{REVIEWER}:read"]


def set_the_stage(hub: SandboxControl) -> None:
    """Make the repositories, and names and addresses of the people, unless they are there from an earlier run."""
    for name, full_name in FULL_NAMES.items():
        hub.add_user(name, fullname=full_name, email=EMAILS[name])
    for name, card in (
        (REPOSITORIES.short_way, PATHOVISION_CARD),
        (REPOSITORIES.testers, AURORA_CARD),
        (REPOSITORIES.researchers, AURORA_CARD),
    ):
        if not _is_there(hub, name):
            hub.create_repo(
                name,
                gated="manual",
                card=card,
                by=STEWARD,
                files={"LICENSE": LICENCE, "model.safetensors": "weights stand here"},
            )


def _is_there(hub: SandboxControl, repository: str) -> bool:
    try:
        hub.repo(repository)
    except SandboxError:
        return False
    return True
