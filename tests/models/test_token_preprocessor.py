"""Batches of tokens."""

import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.errors import ConfigError
from ktg_mm.models import GraphDataPreprocessor, TokenPreprocessor


def batch(listed=False):
    inputs = torch.arange(10).view(2, 5)
    samples = [DataSample().set_gt_label([1, 2, 3]) for _ in range(2)]
    return dict(inputs=list(inputs) if listed else inputs, data_samples=samples)


@pytest.mark.parametrize('listed', [False, True])
def test_every_token_is_a_sample(listed):
    found = TokenPreprocessor()(batch(listed), training=True)
    assert torch.equal(found['inputs'], torch.arange(10).view(2, 5)) and len(found['data_samples']) == 2
    assert found['rows'].size == found['rows'].num_labeled == 6
    assert found['rows'].rows('all') == found['rows'].rows('labeled') == slice(None)


def test_evaluation_asks_for_no_labels():
    assert TokenPreprocessor()(batch())['rows'] is None
    assert TokenPreprocessor()(dict(inputs=torch.zeros(1, 2, dtype=torch.long)))['data_samples'] is None


@pytest.mark.parametrize('inputs', [torch.rand(2, 3), torch.zeros(2, 1, 8, 8, dtype=torch.uint8), [torch.rand(3, 4)]])
def test_images(inputs):
    with pytest.raises(ConfigError, match=r'^data_preprocessor\.type: TokenPreprocessor takes tokens alone; images'):
        TokenPreprocessor()(dict(inputs=inputs))


@pytest.mark.parametrize('listed', [False, True])
def test_tokens_are_no_images(listed):
    with pytest.raises(ConfigError, match=r'^data_preprocessor\.type: tokens are no images; take dict'):
        GraphDataPreprocessor()(batch(listed), training=True)
