"""A text in the two languages of the pages."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Languages of the pages, by their codes."""

    ENGLISH = "en"
    FRENCH = "fr"


LANGUAGE_NAMES = {Language.ENGLISH: "English", Language.FRENCH: "Français"}


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; braces hold what the page fills in."""

    english: str
    french: str

    def read(self, language: Language) -> str:
        """The text in one language."""
        return self.french if language is Language.FRENCH else self.english
