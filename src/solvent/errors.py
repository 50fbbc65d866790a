"""Every error that Solvent raises on purpose, as one tree: one branch per room.

The message says what is wrong and what to do next; facts are attributes.
No message holds a value of an applicant's data: messages reach logs and answers.
"""


class SolventError(Exception):
    """Root of the tree. `api/problems.py` and `cli/main.py` translate the branches to their outside form."""


class SettingsError(SolventError):
    """A setting is missing, unknown or unsafe; the process must not start (exit code 78)."""


class TablesError(SolventError):
    """The raw tables cannot be read: a file or column is missing, or a file is broken."""


class WorldError(SolventError):
    """The simulated lender was asked for something it cannot make."""


class FeatureError(SolventError):
    """A feature declaration or a feature program is not valid, or does not fit the tables."""


class ForbiddenFeatureError(FeatureError):
    """A model feature reads a column that the policy forbids (sex, marital status, ...)."""

    def __init__(self, feature: str, columns: tuple[str, ...]) -> None:
        self.feature = feature
        self.columns = columns
        super().__init__(f"feature {feature} reads the forbidden column(s) {', '.join(columns)}: remove the feature")


class BundleError(SolventError):
    """A model bundle is incomplete, altered or of an unknown protocol; it is never served (exit code 78)."""


class TrainingError(SolventError):
    """A model cannot be trained from these tables."""


class MonitoringError(SolventError):
    """There is nothing to watch or to compare it with, or the rules cannot be used."""


class ApplicationError(SolventError):
    """An application does not fit the schema of the tables; `problems` names the fields, never their values."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class InvalidOutcomesError(SolventError):
    """Reported outcomes are not as they must be; `problems` names rows and fields, never their values."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class DecisionLogError(SolventError):
    """Something is wrong between us and the decision log."""


class AlteredLogError(DecisionLogError):
    """What the log holds is not what it held: an audit must hear of it."""


class UnsafeLogError(DecisionLogError):
    """A database, a role or a key file on which no decision may rest: the process must not start (exit code 78)."""


class LogUnavailableError(DecisionLogError):
    """The decision log cannot be written; nothing was recorded, so nothing may be released."""


class OutcomeUnknownError(DecisionLogError):
    """The connection was cut while a commit was under way; only a retry with the same key can tell."""


class KeyReusedError(DecisionLogError):
    """An Idempotency-Key came again with another body."""


class KeyInFlightError(DecisionLogError):
    """A request with the same Idempotency-Key is still under way elsewhere; nothing was recorded."""
