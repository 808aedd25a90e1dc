"""An LSTM that keeps nothing from one batch to the next."""

import pytest
import torch
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.language.recurrent_backbone import RecurrentBackbone


def backbone(length):
    torch.manual_seed(0)
    return RecurrentBackbone(nn.Embedding(7, 3), 3, length, dims=4, layers=1, dropout=0.0, encoder_dropout=0.0)


def test_a_chunk_does_not_depend_on_those_before():
    network, text = backbone(3), torch.randint(7, (2, 8))
    first = network(text)
    network(torch.randint(7, (5, 6)))  # another number of rows, another context
    assert torch.equal(network(text), first) and not dict(network.named_buffers())


def test_a_long_context_comes_to_the_state_that_is_carried_along():
    network, text = backbone(3).double(), torch.randint(7, (1, 100))
    carried, _ = network.rnn(network.encoder(text))
    assert (network(text[:, -63:]) - carried[0, -3:]).abs().max() < 1e-6
    assert (network(text[:, -4:]) - carried[0, -3:]).abs().max() > 1e-3


def test_fewer_tokens_than_a_chunk():
    with pytest.raises(ConfigError, match=r'^train_dataloader.dataset.length: is 2, but .* has length=3; must be'):
        backbone(3)(torch.zeros(1, 2, dtype=torch.long))
