"""What a language model makes of a text before it predicts."""

import torch
from torch import Tensor, nn

from ktg_mm.errors import ConfigError


class RecurrentBackbone(nn.Module):
    """Vectors of tokens and an LSTM over them, with dropout between (Zaremba et al., 2014).

    Nothing is kept from one batch to the next. Each row of a batch has the text before its chunk in front of it: the
    LSTM runs over that without gradients and so comes to a state, which stands in for one that is carried along.

    Args:
        encoder: Tokens (B, T) -> vectors (B, T, D).
        in_dims: D.
        length: Tokens of a chunk, L.
        dims: Length of the LSTM's state, H.
        layers: Of the LSTM.
        dropout: Between its layers and behind the last one.
        encoder_dropout: Behind the encoder.

    Example:
        >>> backbone = RecurrentBackbone(nn.Embedding(10, 4), 4, 3, dims=8, layers=1, dropout=0, encoder_dropout=0)
        >>> backbone(torch.zeros(2, 5 + 3, dtype=torch.long)).shape  # five tokens come before the chunk
        torch.Size([6, 8])
    """

    def __init__(
        self,
        encoder: nn.Module,
        in_dims: int,
        length: int,
        dims: int,
        layers: int,
        dropout: float,
        encoder_dropout: float,
    ) -> None:
        super().__init__()
        self.length = length
        self.encoder = encoder
        self.encoder_dropout = nn.Dropout(encoder_dropout)
        self.rnn = nn.LSTM(in_dims, dims, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Features (B * L, H) of the last L of each row's T tokens, (B, T) or with a spelling (B, T, 1 + W).

        Raises:
            ConfigError: If there are fewer than L.
        """
        before = tokens.shape[1] - self.length
        if before < 0:
            raise ConfigError(
                'train_dataloader.dataset.length',
                f'is {tokens.shape[1]}, but a network of model.nodes has length={self.length}; must be the same',
            )
        state = self._state(tokens[:, :before]) if before else None
        features, _ = self.rnn(self.encoder_dropout(self.encoder(tokens[:, before:])), state)
        return self.dropout(features).flatten(0, 1)

    def _state(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The LSTM's state after some tokens, without gradients."""
        with torch.no_grad():
            return self.rnn(self.encoder_dropout(self.encoder(tokens)))[1]
