"""An embedding that does not look at the spelling."""

import torch

from ktg_mm.models.language.word_encoder import WordEncoder


def test_spelling_is_not_looked_at():
    encoder = WordEncoder(5, 3)
    words = torch.tensor([[4, 0], [1, 4]])
    expected = torch.stack([torch.stack([encoder.weight[i] for i in row]) for row in words])
    assert torch.equal(encoder(words), expected)
    assert torch.equal(encoder(torch.stack([words, words + 9], dim=2)), expected)
