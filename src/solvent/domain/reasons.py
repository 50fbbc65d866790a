"""Why an application was refused, in words an applicant can read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A family of features that speak of one thing, with its sentences in the two languages of applicants.

    A sentence says what weighed, and nothing of it that is not true of every feature of the code. Those `_if_missing`
    stand for a refusal in which the value that weighed most is not there: the others would claim what nobody knows.
    """

    code: str
    english: str
    french: str
    english_if_missing: str
    french_if_missing: str

    def sentences(self, value: float | str | None) -> tuple[str, str]:
        """Return the English and the French sentence for the value of the feature that weighed most."""
        if value is None:
            return self.english_if_missing, self.french_if_missing
        return self.english, self.french


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one refusal: the code, and the feature that weighed most within it.

    `value` is the feature's value for this applicant: a number, a category, or None when it is missing.
    `contribution` is the weight of the whole code in log-odds; positive raises the probability of default.
    """

    code: str
    feature: str
    value: float | str | None
    contribution: float
    english: str
    french: str


REASON_CODES: tuple[ReasonCode, ...] = (
    ReasonCode(
        "EXTERNAL_SCORE",
        "External credit scores are low or missing.",
        "Les scores de crédit externes sont faibles ou absents.",
        "An external credit score is not known.",
        "Un score de crédit externe n'est pas connu.",
    ),
    ReasonCode(
        "LOAN_TERMS",
        "The amount or the repayment plan of the requested loan weighed against the application.",
        "Le montant ou l'échéancier du prêt demandé a pesé contre la demande.",
        "A detail of the requested loan is not known.",
        "Un élément du prêt demandé n'est pas connu.",
    ),
    ReasonCode(
        "INCOME_BURDEN",
        "Repayments and debts, set against the declared income, weighed against the application.",
        "Les remboursements et les dettes, rapportés au revenu déclaré, ont pesé contre la demande.",
        "A figure needed to compare repayments with income is not known.",
        "Un élément nécessaire pour comparer les remboursements au revenu n'est pas connu.",
    ),
    ReasonCode(
        "EMPLOYMENT",
        "The employment situation weighed against the application.",
        "La situation professionnelle a pesé contre la demande.",
        "A detail of the employment situation is not known.",
        "Un élément de la situation professionnelle n'est pas connu.",
    ),
    ReasonCode(
        "BUREAU_DEBT",
        "Loans with other lenders, or what is owed on them, weighed against the application.",
        "Les prêts auprès d'autres prêteurs, ou ce qui en reste dû, ont pesé contre la demande.",
        "A detail of the debts with other lenders is not known.",
        "Un élément des dettes auprès d'autres prêteurs n'est pas connu.",
    ),
    ReasonCode(
        "BUREAU_HISTORY",
        "The credit history with other lenders weighed against the application.",
        "L'historique de crédit auprès d'autres prêteurs a pesé contre la demande.",
        "A detail of the credit history with other lenders is not known.",
        "Un élément de l'historique de crédit auprès d'autres prêteurs n'est pas connu.",
    ),
    ReasonCode(
        "ENQUIRIES",
        "Earlier credit enquiries weighed against the application.",
        "Les demandes de crédit enregistrées ont pesé contre la demande.",
        "A detail of earlier credit enquiries is not known.",
        "Un élément des demandes de crédit enregistrées n'est pas connu.",
    ),
    ReasonCode(
        "PREVIOUS_APPLICATIONS",
        "Earlier applications with us, or their terms, weighed against the application.",
        "Les demandes antérieures chez nous, ou leurs conditions, ont pesé contre la demande.",
        "A detail of earlier applications with us is not known.",
        "Un élément des demandes antérieures chez nous n'est pas connu.",
    ),
    ReasonCode(
        "PAYMENT_DELAYS",
        "The repayment of earlier loans weighed against the application.",
        "Le remboursement de prêts antérieurs a pesé contre la demande.",
        "A detail of the repayment of earlier loans is not known.",
        "Un élément du remboursement de prêts antérieurs n'est pas connu.",
    ),
    ReasonCode(
        "CARD_USE",
        "The use or the repayment of a credit card weighed against the application.",
        "L'utilisation ou le remboursement d'une carte de crédit a pesé contre la demande.",
        "A detail of the use of a credit card is not known.",
        "Un élément de l'utilisation d'une carte de crédit n'est pas connu.",
    ),
    ReasonCode(
        "STABILITY",
        "Dates of documents, registration, contact details or earlier loans weighed against the application.",
        "Des dates de documents, d'enregistrement, de coordonnées ou de prêts antérieurs ont pesé contre la demande.",
        "A detail of the documents, registration or contact details is not known.",
        "Un élément des documents, de l'enregistrement ou des coordonnées n'est pas connu.",
    ),
    ReasonCode(
        "HOUSEHOLD",
        "The household or the housing conditions weighed against the application.",
        "Le foyer ou les conditions de logement ont pesé contre la demande.",
        "A detail of the household or of the housing conditions is not known.",
        "Un élément du foyer ou des conditions de logement n'est pas connu.",
    ),
    ReasonCode(
        "REGION",
        "The region of residence or work weighed against the application.",
        "La région de résidence ou de travail a pesé contre la demande.",
        "A detail of the region of residence or work is not known.",
        "Un élément de la région de résidence ou de travail n'est pas connu.",
    ),
    ReasonCode(
        "PROFILE",
        "Other details of the application are close to those of loans that were not repaid.",
        "D'autres éléments de la demande ressemblent à ceux de prêts non remboursés.",
        "Another detail of the application is not known.",
        "Un autre élément de la demande n'est pas connu.",
    ),
)
"""Every reason that may be given, in the order in which ties are settled."""
