"""A language model."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ktg_mm.config import check_number, check_type
from ktg_mm.config.check_argument import check_flag, check_init, check_part, check_whole

from .character_encoder import BEGINNING, Highway
from .recurrent_backbone import RecurrentBackbone
from .word_encoder import WordEncoder

_MADE_UP_SPELLING = 64  # symbols


@MODELS.register_module()
class LanguageModel(BaseModule):
    """An LSTM that says of each token of a chunk what the next one is; as a node's network, a token is a sample.

    Two layers of 1,500 with ``tied`` weights and a vocabulary of 10,000 words have 51.0 million parameters (the large
    model of Zaremba et al., 2014, with the tying of Press and Wolf, EACL 2017); two layers of 650 behind a
    ``CharacterEncoder`` have 19.4 million (Kim et al., AAAI 2016).

    Args:
        vocab_size: Number of different tokens V, that of the data set.
        length: Tokens of a chunk L, the data set's ``length``. What it hands out before a chunk is read first, without
            gradients, see :class:`~ktg_mm.models.language.recurrent_backbone.RecurrentBackbone`. Defaults to 35.
        dims: Length of the LSTM's state, and of a token's vector. Defaults to 650.
        layers: Of the LSTM. Defaults to 2.
        dropout: Behind the embedding, between the LSTM's layers and behind the last. Defaults to 0.5.
        encoder: What makes vectors of tokens, ``dict(type='CharacterEncoder')``; no dropout comes behind it. Defaults
            to None: an embedding.
        tied: Whether the classifier's matrix is the embedding's. Defaults to False.
        init_range: All weights begin uniform between it and its negative, but for highway layers' gates and
            the vector of what fills up a spelling, 0. Defaults to None: as torch's layers begin.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> network = LanguageModel(vocab_size=100, length=5, dims=16)
        >>> network(torch.zeros(2, 3 + 5, dtype=torch.long)).shape  # three tokens come before the chunk
        torch.Size([10, 100])
    """

    def __init__(
        self,
        vocab_size: int,
        length: int = 35,
        dims: int = 650,
        layers: int = 2,
        dropout: float = 0.5,
        encoder: dict[str, Any] | None = None,
        tied: bool = False,
        init_range: float | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(check_init('init_cfg', init_cfg))
        sizes = dict(vocab_size=vocab_size, length=length, dims=dims, layers=layers)
        for name, size in sizes.items():
            check_whole(name, size)
        check_number('dropout', dropout, '[0, 1)')
        if check_flag('tied', tied) and encoder is not None:
            raise ValueError('tied must be False beside an encoder: there is no embedding to tie the classifier to')
        self.vocab_size = vocab_size
        made: Any = WordEncoder(vocab_size, dims) if encoder is None else _build_encoder(encoder)
        in_dims, encoder_dropout = (dims, dropout) if encoder is None else (made.out_dims, 0.0)
        self.backbone = RecurrentBackbone(made, in_dims, length, dims, layers, dropout, encoder_dropout)
        self.classifier = nn.Linear(dims, vocab_size)
        if tied:
            self.classifier.weight = made.weight
        if init_range is not None:
            check_number('init_range', init_range, '(0, inf)')
            self._begin(init_range)

    def _begin(self, init_range: float) -> None:
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -init_range, init_range)
        for module in self.modules():
            if isinstance(module, Highway):
                module.close()
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:  # it does not learn
                nn.init.zeros_(module.weight[module.padding_idx])

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = 'tensor') -> Tensor:
        """Logits (B * L, V) of what comes after each token of the chunks.

        Args:
            inputs: Tokens (B, T), integers below V, or with their spelling (B, T, 1 + W); the last L are the chunk.
            data_samples: Not looked at.
            mode: ``'tensor'``.
        """
        return self.classifier(self.backbone(inputs))

    def made_up_inputs(self) -> Iterator[Tensor]:
        """Yields tokens that it takes, to find the shapes of its features with."""
        device = self.classifier.weight.device
        tokens = (torch.arange(2 * self.backbone.length, device=device) % self.vocab_size).view(2, -1, 1)
        spelling = torch.full((*tokens.shape[:2], _MADE_UP_SPELLING), BEGINNING, device=device)
        yield torch.cat([tokens, spelling], dim=2)


def _build_encoder(encoder: Any) -> nn.Module:
    check_part('encoder', encoder)
    try:
        check_type(encoder, MODELS, 'encoder', 'encoder')
        built = MODELS.build(dict(encoder))
    except (TypeError, ValueError) as error:
        raise ValueError(f'encoder: {getattr(error, "problem", error)}') from error
    if not isinstance(getattr(built, 'out_dims', None), int):
        raise ValueError(f'encoder must be one of tokens, such as CharacterEncoder, got {encoder["type"]!r}')
    return built
