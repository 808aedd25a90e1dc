"""Vectors of words out of their spelling, against the formulas."""

import math

import numpy as np
import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.language import CharacterEncoder


def convolved(letters, weight, bias):
    """max over the places of tanh(<letters, filter> + bias), for each filter (Kim et al., equations 6 and 7)."""
    filters, _, width = weight.shape
    found = []
    for number in range(filters):
        places = range(len(letters) - width + 1)
        found.append(max(math.tanh((letters[i : i + width].T * weight[number]).sum() + bias[number]) for i in places))
    return np.array(found)


def highway(vector, layer):
    """t * relu(W y + b) + (1 - t) * y (equation 8)."""
    gate = 1 / (1 + np.exp(-(layer['gate.weight'] @ vector + layer['gate.bias'])))
    return gate * np.maximum(layer['transform.weight'] @ vector + layer['transform.bias'], 0) + (1 - gate) * vector


def test_formula():
    torch.manual_seed(0)
    encoder = CharacterEncoder(dims=3, widths=(1, 3), channels=(2, 4), highways=2).double()
    tokens = torch.randint(259, (2, 3, 1 + 5))
    found = encoder(tokens)
    assert found.shape == (2, 3, encoder.out_dims) == (2, 3, 6)
    state = {name: value.numpy() for name, value in encoder.state_dict().items()}
    for row, column in np.ndindex(2, 3):
        letters = state['embedding.weight'][tokens[row, column, 1:].numpy()]
        parts = [convolved(letters, state[f'convolutions.{i}.weight'], state[f'convolutions.{i}.bias']) for i in (0, 1)]
        vector = np.concatenate(parts)
        for number in (0, 1):
            prefix = f'highways.{number}.'
            layer = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
            vector = highway(vector, layer)
        np.testing.assert_allclose(found[row, column].detach().numpy(), vector, rtol=1e-12)


def test_what_is_not_there_has_no_vector():
    assert (CharacterEncoder().embedding.weight[0] == 0).all()


@pytest.mark.parametrize(('tokens', 'given'), [(torch.zeros(1, 2), 0), (torch.zeros(1, 2, 7), 6)])
def test_short_spelling(tokens, given):
    line = rf'train_dataloader\.dataset\.spelling: is {given}, but CharacterEncoder has filters of 7 characters'
    with pytest.raises(ConfigError, match=line):
        CharacterEncoder()(tokens.long())


def test_as_many_channels_as_widths():
    with pytest.raises(ValueError, match=r'^channels must be as many numbers as widths, 2, got \(1,\)$'):
        CharacterEncoder(widths=(1, 2), channels=(1,))
