"""The pretend world of the demo: people, an organisation, and three gated repositories with cards as real ones are."""

from dataclasses import dataclass

from gatekeeper.hub.sandbox.control import SandboxControl

LAB = "aurora-lab"
STEWARD, REVIEWER, RESEARCHER, SECOND_RESEARCHER = "amara", "chidi", "nguyen-ha", "ines"

TOKENS = {name: f"hf_demo_{name.replace('-', '_')}" for name in (STEWARD, REVIEWER, RESEARCHER, SECOND_RESEARCHER)}
FULL_NAMES = {STEWARD: "Amara Okafor", REVIEWER: "Chidi Eze", RESEARCHER: "Nguyễn Thị Hà", SECOND_RESEARCHER: "Inês Duarte"}
EMAILS = {
    STEWARD: "amara@aurora-lab.example", REVIEWER: "chidi@aurora-lab.example",
    RESEARCHER: "ha@university.example", SECOND_RESEARCHER: "ines@institute.example",
}

LICENCE = """\
Aurora Research Licence, version 1.0

1. Permission

You may use, study and adapt the model for research, free of charge, as long as you keep to section 2.

2. Use restrictions

You do not use the model or anything made from it
(a) to break a law;
(b) to harm minors, or to try to;
(c) to decide about a person by machine alone where that affects their rights;
(d) to give medical advice to a patient.

3. Passing on

Whoever gets the model or a derivative from you gets this licence with it, with section 2 unchanged.

4. End

The publisher may end this licence for whoever breaks section 2. Copies already made are then deleted.
"""

PATHOVISION_CARD = """\
---
license: other
license_name: aurora-research-licence
license_link: LICENSE
tags:
- pathology
- feature-extraction
extra_gated_prompt: >-
  The weights are shared for academic research. Requests with an abbreviated name, an affiliation that is not spelled
  out, or a use that cannot be judged are sent back with the reason, so that they can be corrected.
extra_gated_fields:
  Full name (first and last): text
  Current affiliation (no abbreviations): text
  Type of affiliation:
    type: select
    options:
    - Academia
    - Industry
    - label: Other
      value: other
  Current and official institutional email (must match your primary email in your Hugging Face account): text
  Please explain your intended research use: text
  I agree to all terms outlined above: checkbox
  I agree to use this model for non-commercial, academic purposes only: checkbox
  I agree not to distribute the model, if another user within your organization wishes to use it they must register individually: checkbox
---

# PathoVision-L

A vision encoder for histology slides. This card belongs to the demo: there are no weights behind it.
"""

AURORA_CARD = """\
---
license: openrail++
tags:
- text-to-image
extra_gated_fields:
  Affiliation: text
  Country: country
  What will you build or measure: text
  I have read the License and agree with its terms: checkbox
---

# Aurora-Diffusion 1

An image generator that is released stage by stage. This card belongs to the demo: there are no weights behind it.
"""


@dataclass(frozen=True)
class Repositories:
    """The names of the repositories of the demo."""

    short_way: str = f"{LAB}/pathovision-l"
    testers: str = f"{LAB}/aurora-diffusion-preview"
    researchers: str = f"{LAB}/aurora-diffusion-1"


REPOSITORIES = Repositories()

HUB_ANSWERS = {
    "Full name (first and last)": "Inês Duarte",
    "Current affiliation (no abbreviations)": "Institute of Cell Imaging, Lisbon",
    "Type of affiliation": "Academia",
    "Current and official institutional email (must match your primary email in your Hugging Face account)": "ines@institute.example",
    "Please explain your intended research use": "Compare tile encoders on a public set of colon slides; outputs stay in our group.",
    "I agree to all terms outlined above": "on",
    "I agree to use this model for non-commercial, academic purposes only": "on",
    "I agree not to distribute the model, if another user within your organization wishes to use it they must register individually": "on",
}


def people_arguments() -> list[str]:
    """Return the command-line options of the sandbox Hub that make its people and the organisation."""
    people = [f"--user={name}={token}" for name, token in TOKENS.items()]
    return [*people, f"--org={LAB}={STEWARD}:admin,{REVIEWER}:read"]


def set_the_stage(hub: SandboxControl) -> None:
    """Make the repositories, and names and addresses of the people, unless they are there from an earlier run."""
    for name, full_name in FULL_NAMES.items():
        hub.add_user(name, fullname=full_name, email=EMAILS[name])
    there = {repository["id"] for repository in hub.state()["repos"]}
    for name, card in (
        (REPOSITORIES.short_way, PATHOVISION_CARD),
        (REPOSITORIES.testers, AURORA_CARD),
        (REPOSITORIES.researchers, AURORA_CARD),
    ):
        if name not in there:
            hub.create_repo(name, gated="manual", card=card, by=STEWARD,
                            files={"LICENSE": LICENCE, "model.safetensors": "weights stand here"})
