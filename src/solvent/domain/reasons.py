"""Why an application was refused, in words an applicant can read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A family of features that speak of one thing, with its sentence in the two languages of applicants."""

    code: str
    english: str
    french: str


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
    ),
    ReasonCode(
        "LOAN_TERMS",
        "The amount or the repayment plan of the requested loan is demanding.",
        "Le montant ou l'échéancier du prêt demandé est exigeant.",
    ),
    ReasonCode(
        "INCOME_BURDEN",
        "Repayments are high compared with the declared income.",
        "Les remboursements sont élevés par rapport au revenu déclaré.",
    ),
    ReasonCode(
        "EMPLOYMENT",
        "The employment situation is short or uncertain.",
        "La situation professionnelle est récente ou incertaine.",
    ),
    ReasonCode(
        "BUREAU_DEBT",
        "Debts with other lenders are high.",
        "Les dettes auprès d'autres prêteurs sont élevées.",
    ),
    ReasonCode(
        "BUREAU_HISTORY",
        "The credit history with other lenders is short, recent or shows delays.",
        "L'historique de crédit auprès d'autres prêteurs est court, récent ou comporte des retards.",
    ),
    ReasonCode(
        "ENQUIRIES",
        "There were many recent credit enquiries.",
        "De nombreuses demandes de crédit récentes ont été enregistrées.",
    ),
    ReasonCode(
        "PREVIOUS_APPLICATIONS",
        "Earlier applications with us were refused or had unfavourable terms.",
        "Des demandes antérieures chez nous ont été refusées ou accordées à des conditions défavorables.",
    ),
    ReasonCode(
        "PAYMENT_DELAYS",
        "Instalments of earlier loans were paid late or in part.",
        "Des échéances de prêts antérieurs ont été payées en retard ou en partie.",
    ),
    ReasonCode(
        "CARD_USE",
        "The credit card is used close to its limit.",
        "La carte de crédit est utilisée près de son plafond.",
    ),
    ReasonCode(
        "STABILITY",
        "Documents, registration or contact details changed recently.",
        "Les documents, l'enregistrement ou les coordonnées ont changé récemment.",
    ),
    ReasonCode(
        "HOUSEHOLD",
        "Household charges or housing conditions weigh on the application.",
        "Les charges du foyer ou les conditions de logement pèsent sur la demande.",
    ),
    ReasonCode(
        "REGION",
        "The region of residence or work shows more payment difficulties.",
        "La région de résidence ou de travail présente davantage de difficultés de paiement.",
    ),
    ReasonCode(
        "PROFILE",
        "Other details of the application are close to those of loans that were not repaid.",
        "D'autres éléments de la demande ressemblent à ceux de prêts non remboursés.",
    ),
)
"""Every reason that may be given, in the order in which ties are settled."""
