"""Looks for secrets in every version of every file that git ever held here, with detect-secrets.

    python tools/find_secrets.py

Looked for: private keys, tokens of known services, basic authentication in addresses, passwords beside words that say
so. Long random texts alone are no finding: digests of requirements and models are such texts. What was looked at and is
no secret stands in `KNOWN`, by the SHA-1 that detect-secrets gives a finding, with the reason.

Exit codes: 0 nothing found, 1 findings, one per line: file, kind, SHA-1.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "JwtTokenDetector",
    "KeywordDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)  # fmt: skip
KNOWN = {
    "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8": "the word password, in an example of an address",
    "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4": "the word secret, in an address that a test expects not to be shown",
    "fef341f85d87439e7d91a2d465b9871ef66b5e98": "the same with another word",
    "be5516b10f7648244d0a6cffd466c89291c635e2": "a line of the migration that names the column of digests",
    "156556dae5dbb35c6dfcac1d3da0d7810e36c68a": "the name of the setting SOLVENT_SECRETS_FOLDER",
    "1e6d6cae1e759aacd09d9cc48659bfa0b6a67e0d": "a value that a test expects not to be shown",
    "921c8bbef1b54ca09fc358a752e42b428988a84d": "the name of a Kubernetes secret, solvent-api",
    "ba5476b8eff8028f832262e818db4ae45d9a0432": "the same, solvent-signing-key",
    "352530c5dc136946912cc7588ca07d6d552ca2d1": "the same, solvent-dashboard",
    "bf481eafe2d3d67679eb70a6315aa51d15cba8d8": "the same, solvent-owner",
    "bf80a1b88defb2f50e253f12b76d97ab797d0c89": "the same, with its mode",
    "ab22967c5e2b01232dd053e2962fe3fb3c73f28d": "the same in an earlier version",
    "01d31fb0b342dfca481bfbdb9ae524a9e34d4f0f": "the name of that secret in a page",
    "6d2371fec0ccdc0d4442192ff027927a68e84680": "the name of a Kubernetes secret, solvent-monitor",
    "c723215db1fcbaf60148712f16e87814cc01f66f": "the same in an earlier version of its manifest",
    "bfc67dc9b02f00f49afe67cedd7689086f2cc4df": "the name of a Kubernetes secret, solvent-auditor",
    "b614eeba41034281cfbb9ed50aca4c19125e5df7": "the password of a dashboard that a test starts",
    "2f9e53523b62abc141a2b4d6019d23cba835dbd0": "the same",
    "a0f4ea7d91495df92bbac2e2149dfb850fe81396": "a password that a test expects to be too short",
}


def main() -> int:
    """Print each finding once; return 1 if there is one."""
    found = set()
    with transient_settings({"plugins_used": [{"name": name} for name in PLUGINS]}):
        for path, content in every_version():
            with tempfile.NamedTemporaryFile(suffix=Path(path).suffix) as file:
                file.write(content)
                file.flush()
                found |= {(path, one.type, one.secret_hash) for one in scan_file(file.name)}
    unknown = sorted(one for one in found if one[2] not in KNOWN)
    for finding in unknown:
        print(*finding, sep="  ")
    return int(bool(unknown))


def every_version() -> Iterator[tuple[str, bytes]]:
    """Every file that a commit of this repository holds, in every version, with its path."""
    listed = _git("rev-list", "--objects", "HEAD").decode().splitlines()
    paths = dict(line.split(" ", 1) for line in listed if " " in line)
    asked = "\n".join(paths).encode()
    answer = memoryview(_git("cat-file", "--batch", standard_input=asked))
    at = 0
    while at < len(answer):
        end_of_head = at + bytes(answer[at : at + 200]).index(b"\n")
        digest, kind, size = bytes(answer[at:end_of_head]).decode().split()
        content = answer[end_of_head + 1 : end_of_head + 1 + int(size)]
        at = end_of_head + 2 + int(size)
        if kind == "blob":
            yield paths[digest], bytes(content)


def _git(*arguments: str, standard_input: bytes = b"") -> bytes:
    return subprocess.run(("git", *arguments), cwd=ROOT, input=standard_input, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
