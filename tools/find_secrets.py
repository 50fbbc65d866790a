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
