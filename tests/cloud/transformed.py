"""template.yaml as CloudFormation gets it: after SAM's transform.

Printed for the tools that check a template, which do not know SAM's resources as well:

    python -m tests.cloud.transformed > transformed.json
"""

import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION = "us-east-1"


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def transformed_template() -> dict[str, Any]:
    """Return the template as plain CloudFormation, its code where `sam package` would put it."""
    written = yaml_parse(TEMPLATE.read_text())
    for name, resource in written["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": f"{name}.zip"}
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        made: dict[str, Any] = transform(written, {}, _NoManagedPolicies())
    return made


if __name__ == "__main__":
    json.dump(transformed_template(), sys.stdout, indent=2)
