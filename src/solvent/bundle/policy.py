"""The policy as a file of the bundle."""

from dataclasses import fields

from solvent.bundle.json_form import FieldReader, read_document, render_json
from solvent.domain.costs import CostMatrix
from solvent.domain.outcomes import DefaultDefinition
from solvent.domain.policy import Policy
from solvent.errors import BundleError

POLICY_FILE = "policy.json"
_COST_FIELDS = {"cost_false_negative": "false_negative", "cost_false_positive": "false_positive"}
_DEFINITION_FIELDS = {
    "default_days_past_due": "days_past_due",
    "default_months_to_mature": "months_to_mature",
    "outcome_reporting_days": "reporting_days",
}
_PLAIN_FIELDS = frozenset(field.name for field in fields(Policy)) - {"costs", "default_definition"}


def render_policy(policy: Policy, *, with_definition: bool = True) -> bytes:
    """Render a policy, with its costs and its definition of default as plain fields; bundles had no definition once."""
    document = {name: getattr(policy, name) for name in _PLAIN_FIELDS}
    costs = {name: getattr(policy.costs, attribute) for name, attribute in _COST_FIELDS.items()}
    definition = {name: getattr(policy.default_definition, attribute) for name, attribute in _DEFINITION_FIELDS.items()}
    if not with_definition:
        definition = {}
    return render_json(document | costs | definition | {"forbidden_columns": sorted(policy.forbidden_columns)})


def read_policy(content: bytes) -> Policy:
    """Read a policy back; one that was written before it held a definition of default has the usual one.

    Raises:
        BundleError: a field is missing, unknown, not finite or out of its range.
    """
    document = read_document(content, file=POLICY_FILE)
    defined = set(_DEFINITION_FIELDS) if set(_DEFINITION_FIELDS) & set(document) else set()
    read = FieldReader(document, _PLAIN_FIELDS | set(_COST_FIELDS) | defined, file=POLICY_FILE)
    try:
        return Policy(
            threshold=read.number("threshold"),
            medium_from=read.number("medium_from"),
            high_from=read.number("high_from"),
            costs=CostMatrix(**{attribute: read.number(name) for name, attribute in _COST_FIELDS.items()}),
            forbidden_columns=frozenset(read.texts("forbidden_columns")),
            max_reasons=read.integer("max_reasons"),
            default_definition=DefaultDefinition(**{_DEFINITION_FIELDS[name]: read.integer(name) for name in defined}),
        )
    except ValueError as error:
        raise BundleError(f"{POLICY_FILE} is not valid: {error}") from error
