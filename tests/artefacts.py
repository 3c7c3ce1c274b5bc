"""Whether Lambda can run a built function: its machine, and a glibc no newer than provided.al2023 has.

    python artefacts.py arm64 target/lambda-arm64/iam-change/bootstrap …
https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
"""

import re
import struct
import sys
from pathlib import Path

# e_machine of the ELF header, by the architecture's name at cargo-lambda.
MACHINES = {"arm64": 183, "x86-64": 62}
GLIBC_OF_AL2023 = (2, 34)
# Lambda takes 250 MB unzipped; a function of ours is a small part of that.
MOST_BYTES = 50_000_000


def faults(content, machine):
    """What is wrong with a binary, in words."""
    if content[:4] != b"\x7fELF":
        return ["it is no ELF file"]
    found = []
    (actual,) = struct.unpack_from("<H", content, 18)
    if actual != machine:
        found.append(f"it is for machine {actual}, not {machine}")
    versions = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", content)
    asked = {tuple(int(number) for number in version) for version in versions}
    if not asked:
        found.append("it names no version of glibc, so none is known to do")
    elif max(asked) > GLIBC_OF_AL2023:
        found.append("it asks for glibc {}.{}".format(*max(asked)))
    if len(content) > MOST_BYTES:
        found.append(f"it has {len(content)} bytes")
    return found


def main():
    architecture, *paths = sys.argv[1:]
    failed = False
    for path in map(Path, paths):
        content = path.read_bytes()
        found = faults(content, MACHINES[architecture])
        failed |= bool(found)
        print(f"{path}: {'; '.join(found) or f'good, {len(content):,} bytes'}")
    sys.exit(1 if failed or not paths else 0)


if __name__ == "__main__":
    main()
