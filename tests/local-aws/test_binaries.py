"""The built functions start on provided.al2023, whose glibc is 2.34.

https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
"""

import re
import unittest

from local_aws import FUNCTIONS, built_binaries

GLIBC_OF_AL2023 = (2, 34)


class Binaries(unittest.TestCase):
    def test_no_newer_glibc_is_asked_for(self):
        for binary in FUNCTIONS.values():
            with self.subTest(binary=binary):
                content = (built_binaries() / binary).read_bytes()
                versions = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", content)
                asked = {tuple(int(number) for number in version) for version in versions}
                self.assertTrue(asked, "a dynamic binary names the versions it needs")
                self.assertLessEqual(max(asked), GLIBC_OF_AL2023)


if __name__ == "__main__":
    unittest.main()
