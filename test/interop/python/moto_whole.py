"""moto's server, with what its ReEncrypt omits and KMS always returns: the two algorithms.

Without them the proxy withholds the result, as it must for an incomplete answer.
"""

import json
import sys

from moto.kms.responses import KmsResponse
from moto.server import main

answer_in_part = KmsResponse.re_encrypt


def answer_whole(self):
    answer = json.loads(answer_in_part(self))
    for side in ("Source", "Destination"):
        name = f"{side}EncryptionAlgorithm"
        answer[name] = self._get_param(name) or "SYMMETRIC_DEFAULT"
    return json.dumps(answer)


if "--as-it-is" in sys.argv:
    sys.argv.remove("--as-it-is")
else:
    KmsResponse.re_encrypt = answer_whole
main()
