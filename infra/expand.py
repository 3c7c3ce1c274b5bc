"""A packaged template without its transform, as a service-managed StackSet takes it: the role that
CloudFormation uses in the accounts of an organization may call no macro.

    python infra/expand.py packaged.yaml > pullwatch.json
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts-stackset-permission-models.html
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoPolicies(ManagedPolicyLoader):
    """The functions bring their own roles, so no policy of AWS is asked for by its name."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def main():
    with open(sys.argv[1]) as file:
        expanded = transform(yaml_parse(file.read()), {}, NoPolicies())
    assert "Transform" not in expanded, "what is left to transform no StackSet takes"
    json.dump(expanded, sys.stdout, indent=1, default=str)


if __name__ == "__main__":
    main()
