"""Language models: networks of tokens, which say of each what comes next."""

from .character_encoder import CharacterEncoder
from .language_model import LanguageModel
