"""The policy as a file of the bundle."""

from dataclasses import fields

from solvent.bundle.json_form import FieldReader, read_document, render_json
from solvent.domain.costs import CostMatrix
from solvent.domain.policy import Policy
from solvent.errors import BundleError

POLICY_FILE = "policy.json"
_COST_FIELDS = {"cost_false_negative": "false_negative", "cost_false_positive": "false_positive"}


def render_policy(policy: Policy) -> bytes:
    """Render a policy, with its costs as `cost_false_negative` and `cost_false_positive`."""
    document = {field.name: getattr(policy, field.name) for field in fields(policy) if field.name != "costs"}
    costs = {name: getattr(policy.costs, attribute) for name, attribute in _COST_FIELDS.items()}
    return render_json(document | costs | {"forbidden_columns": sorted(policy.forbidden_columns)})


def read_policy(content: bytes) -> Policy:
    """Read a policy back.

    Raises:
        BundleError: a field is missing, unknown, not finite or out of its range.
    """
    names = {field.name for field in fields(Policy)} - {"costs"} | set(_COST_FIELDS)
    read = FieldReader(read_document(content, file=POLICY_FILE), names, file=POLICY_FILE)
    try:
        return Policy(
            threshold=read.number("threshold"),
            medium_from=read.number("medium_from"),
            high_from=read.number("high_from"),
            costs=CostMatrix(**{attribute: read.number(name) for name, attribute in _COST_FIELDS.items()}),
            forbidden_columns=frozenset(read.texts("forbidden_columns")),
            max_reasons=read.integer("max_reasons"),
        )
    except ValueError as error:
        raise BundleError(f"{POLICY_FILE} is not valid: {error}") from error
