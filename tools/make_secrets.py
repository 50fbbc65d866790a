"""Makes the passwords that compose.yaml hands to its containers as files; what is there already stays.

    python tools/make_secrets.py [FOLDER]

Standard library only: it runs before anything is installed. FOLDER is `secrets` beside compose.yaml by default, which
git and the builder ignore; nobody else can enter it. The files themselves can be read by all, since the users inside
the containers are not the one who makes them.
"""

import secrets
import sys
from pathlib import Path
from urllib.parse import quote

LOGINS = ("owner", "scoring", "dashboard", "monitoring")
"""Who logs in to the database: docs/decisions/0012-roles-of-the-database.md says what each may do."""


def make_secrets(folder: Path) -> list[str]:
    """Write what is missing; return the names of the files that were written."""
    folder.mkdir(mode=0o700, exist_ok=True)
    made = []
    for login in LOGINS:
        password_file, url_file = folder / f"{login}_password", folder / f"{login}_url"
        if not password_file.exists():
            _write(password_file, secrets.token_urlsafe(32))
            made.append(password_file.name)
        password = password_file.read_text()
        _write(url_file, f"postgresql://{login}:{quote(password, safe='')}@database:5432/solvent")
    if not (folder / "dashboard_login").exists():
        _write(folder / "dashboard_login", secrets.token_urlsafe(16))
        made.append("dashboard_login")
    return made


def _write(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o444)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "secrets"
    print(f"made in {place}: {', '.join(make_secrets(place)) or 'nothing, all is there'}")
