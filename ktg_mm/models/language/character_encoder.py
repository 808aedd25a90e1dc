"""Vectors of words out of their spelling."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_whole
from ktg_mm.errors import ConfigError

# A spelling's symbols: nothing, the beginning and the end of a word, then the 256 bytes.
NOTHING, BEGINNING, END, FIRST_BYTE = range(4)
SYMBOLS = FIRST_BYTE + 256


class Highway(nn.Module):
    """t * relu(W x) + (1 - t) * x with the gate t = sigmoid(V x) (Srivastava et al., NIPS 2015).

    The gate's bias begins at -2, so that at first nearly everything is handed on, as Kim et al. have it.

    Args:
        dims: Length of x.

    Example:
        >>> Highway(4)(torch.zeros(2, 4)).shape
        torch.Size([2, 4])
    """

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.transform, self.gate = nn.Linear(dims, dims), nn.Linear(dims, dims)
        self.close()

    def close(self) -> None:
        """Sets the gate's bias to -2."""
        nn.init.constant_(self.gate.bias, -2.0)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        gate = torch.sigmoid(self.gate(x))
        return gate * F.relu(self.transform(x)) + (1 - gate) * x


@MODELS.register_module()
class CharacterEncoder(nn.Module):
    """Vectors of words by convolutions over their characters and highway layers (Kim et al., AAAI 2016, section 3).

    Characters are the bytes of a word in UTF-8 with a mark at each end, as the data set's ``spelling`` hands them out.
    For each width of filter the highest response over the word is taken, behind a tanh. As it is, it is the paper's
    large model's.

    Args:
        dims: Length of a character's vector. Defaults to 15.
        widths: Of the filters, in characters. Defaults to 1 to 7.
        channels: How many filters of each width. Defaults to 50 for each character of the width, at most 200.
        highways: Number of highway layers. Defaults to 2.

    Attributes:
        out_dims: Length of a word's vector, the number of filters.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> encoder = CharacterEncoder()
        >>> encoder.out_dims, encoder(torch.zeros(2, 3, 1 + 21, dtype=torch.long)).shape
        (1100, torch.Size([2, 3, 1100]))
    """

    def __init__(
        self,
        dims: int = 15,
        widths: Sequence[int] = (1, 2, 3, 4, 5, 6, 7),
        channels: Sequence[int] = (50, 100, 150, 200, 200, 200, 200),
        highways: int = 2,
    ) -> None:
        super().__init__()
        check_whole('dims', dims)
        for name, numbers in (('widths', widths), ('channels', channels)):
            if not isinstance(numbers, (list, tuple)) or not numbers:
                raise ValueError(f'{name} must be a list of whole numbers, got {numbers!r}')
            for number in numbers:
                check_whole(name, number)
        if len(widths) != len(channels):
            raise ValueError(f'channels must be as many numbers as widths, {len(widths)}, got {channels!r}')
        self.embedding = nn.Embedding(SYMBOLS, dims, padding_idx=NOTHING)
        self.widest = max(widths)
        pairs = zip(widths, channels, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv1d(dims, number, width) for width, number in pairs)
        self.out_dims = sum(channels)
        number = check_whole('highways', highways, least=0)
        self.highways = nn.Sequential(*(Highway(self.out_dims) for _ in range(number)))

    def forward(self, tokens: Tensor) -> Tensor:
        """Vectors (B, T, D) of tokens with their spelling, (B, T, 1 + W).

        Raises:
            ConfigError: If there is no spelling, or it is shorter than the widest filter.
        """
        length = tokens.shape[2] - 1 if tokens.dim() == 3 else 0
        if length < self.widest:
            raise ConfigError(
                'train_dataloader.dataset.spelling',
                f'is {length}, but CharacterEncoder has filters of {self.widest} characters; must be at least that, '
                'in all data sets',
            )
        letters = self.embedding(tokens[..., 1:].flatten(0, 1)).transpose(1, 2)
        found = torch.cat([torch.tanh(layer(letters)).amax(dim=2) for layer in self.convolutions], dim=1)
        return self.highways(found).unflatten(0, tokens.shape[:2])
