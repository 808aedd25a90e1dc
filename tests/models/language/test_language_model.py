"""Language models: their sizes, what they predict of a chunk, and what they learn by it."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from ktg_mm.models.language import LanguageModel
from ktg_mm.models.nodes import NetworkNode


def small(**arguments):
    torch.manual_seed(0)
    return LanguageModel(**dict(dict(vocab_size=11, length=4, dims=6, layers=2, dropout=0.0) | arguments))


def tokens(width, rows=3, spelling=0):
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(11, (rows, width), generator=generator)
    if not spelling:
        return words
    letters = torch.randint(259, (rows, width, spelling), generator=generator)
    return torch.cat([words.unsqueeze(2), letters], dim=2)


def size(**arguments):
    with torch.device('meta'):
        network = LanguageModel(vocab_size=10_000, **arguments)
    return sum(parameter.numel() for parameter in network.parameters())


def test_numbers_of_parameters():
    lstm = 2 * (4 * 1500 * (1500 + 1500) + 2 * 4 * 1500)
    assert size(dims=1500, tied=True) == 10_000 * 1500 + lstm + 10_000 == 51_034_000  # document 004: 52 M
    channels = (50, 100, 150, 200, 200, 200, 200)
    letters = 259 * 15 + sum(15 * width * number + number for width, number in enumerate(channels, 1))
    highways = 2 * 2 * (1100 * 1100 + 1100)
    lstm = 4 * 650 * (1100 + 650) + 4 * 650 * (650 + 650) + 2 * 2 * 4 * 650
    expected = letters + highways + lstm + 10_000 * 650 + 10_000
    assert size(encoder=dict(type='CharacterEncoder')) == expected == 19_376_285  # document 004: 19 M


@pytest.mark.parametrize('tied', [False, True])
def test_what_comes_before_the_chunk_is_read(tied):
    network = small(tied=tied).double().eval()
    text = tokens(9)
    features, _ = network.backbone.rnn(network.backbone.encoder(text))
    expected = features[:, 5:].reshape(12, 6) @ network.classifier.weight.T + network.classifier.bias
    torch.testing.assert_close(network(text), expected, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(network(text[:, 5:]), expected, atol=1e-3)  # without it
    assert (network.classifier.weight is network.backbone.encoder.weight) == tied


def test_gradients_end_where_the_chunk_begins():
    network, direct = small().double(), small().double()
    text, labels = tokens(9), torch.arange(12) % 11
    cross_entropy(network(text), labels).backward()
    embedded = direct.backbone.encoder(text)
    _, state = direct.backbone.rnn(embedded[:, :5])
    features, _ = direct.backbone.rnn(embedded[:, 5:], tuple(part.detach() for part in state))
    cross_entropy(direct.classifier(features.flatten(0, 1)), labels).backward()
    for (name, one), other in zip(network.named_parameters(), direct.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-12, msg=name)


def test_dropout_is_where_the_papers_have_it():
    whole = small(dropout=0.4)
    found = {name: module.p for name, module in whole.named_modules() if isinstance(module, torch.nn.Dropout)}
    assert found == {'backbone.encoder_dropout': 0.4, 'backbone.dropout': 0.4} and whole.backbone.rnn.dropout == 0.4
    spelled = small(dropout=0.4, encoder=dict(type='CharacterEncoder'), layers=1)
    assert spelled.backbone.encoder_dropout.p == 0 and spelled.backbone.dropout.p == 0.4
    assert not torch.equal(whole(tokens(4)), whole(tokens(4)))


def test_range_of_the_first_weights():
    network = small(encoder=dict(type='CharacterEncoder'), init_range=0.05)
    for name, parameter in network.named_parameters():
        if name.endswith('gate.bias'):
            assert (parameter == -2).all()
        else:
            assert 0 < parameter.abs().max() <= 0.05, name
    assert not network.backbone.encoder.embedding.weight[0].any()  # what fills up a spelling has no gradient


def test_spelling_beside_words():
    text = tokens(9, spelling=7)
    assert torch.equal(small()(text), small()(text[..., 0]))
    network = small(encoder=dict(type='CharacterEncoder')).eval()
    other = text.clone()
    other[..., 0] = 0
    assert torch.equal(network(text), network(other))


@pytest.mark.parametrize('encoder', [None, dict(type='CharacterEncoder')])
def test_autocast_keeps_all_gradients(encoder):
    """What is read before the chunk without gradients casts the same weights."""
    network = small(encoder=encoder)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        logits = network(tokens(9, spelling=7))
    cross_entropy(logits.float(), torch.arange(12) % 11).backward()
    plain = small(encoder=encoder)
    cross_entropy(plain(tokens(9, spelling=7)), torch.arange(12) % 11).backward()
    assert logits.dtype == torch.bfloat16
    for (name, one), other in zip(network.named_parameters(), plain.parameters(), strict=True):
        assert one.grad is not None, name
        torch.testing.assert_close(one.grad, other.grad, rtol=0.2, atol=2e-3, msg=name)


def test_node():
    network = dict(type='LanguageModel', vocab_size=11, length=4, dims=6, encoder=dict(type='CharacterEncoder'))
    node = NetworkNode(network=network)
    assert node.numbers_of_classes() == {'network.vocab_size': 11}
    shapes = node.ask_for_features(['embedding', 'map', 'backbone.encoder'])
    assert [tuple(shapes[name]) for name in ('embedding', 'map')] == [(6,), (6,)]
    assert node(tokens(9, spelling=7)).feature('embedding').shape == (12, 6)
    assert node.classifier().shape == (11, 6)
