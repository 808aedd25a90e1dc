import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.models.losses import FT
from ktg_mm.structures import NodeOutput, TransferContext


def make(target=(4, 4, 4), source=(6, 4, 4), **arguments):
    torch.manual_seed(0)
    loss = FT(**dict(norm_cfg=dict(type='GN', num_groups=1)) | arguments)
    loss.set_shapes([torch.Size(target)], [torch.Size(source)])
    return loss.double()


def maps(shape, seed, size=5):
    return torch.randn(size, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def output(map_):
    return NodeOutput(torch.zeros(len(map_), 2), features=dict(map=map_))


def convolved(conv, image):
    """A 3 x 3 convolution of one image, padded by 1, cell by cell; a transposed one as the sum of what cells spread."""
    weight, bias = conv.weight.detach().numpy(), conv.bias.detach().numpy()
    _, height, width = image.shape
    out = np.zeros((len(bias), height + 2, width + 2))
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    for i in range(height):
        for j in range(width):
            if isinstance(conv, nn.ConvTranspose2d):
                out[:, i : i + 3, j : j + 3] += np.einsum('c,cokl->okl', image[:, i, j], weight)
            else:
                out[:, i + 1, j + 1] = np.einsum('ckl,ockl->o', padded[:, i : i + 3, j : j + 3], weight)
    return out[:, 1:-1, 1:-1] + bias[:, None, None]


def run(steps, image):
    """Convolutions, group norms of one group, leaky ReLUs of slope 0.1."""
    for step in steps:
        if isinstance(step, nn.LeakyReLU):
            image = np.where(image > 0, image, 0.1 * image)
        elif isinstance(step, nn.GroupNorm):
            image = (image - image.mean()) / np.sqrt(image.var() + 1e-5)
        else:
            image = convolved(step, image)
    return image


def unit(values):
    return values.ravel() / np.sqrt((values**2).sum())


def expected_of(loss, target, source, of):
    """Distance and reconstruction of each sample."""
    found = []
    for own, others in zip(target.numpy(), source.numpy(), strict=True):
        factors = run(loss.translator, own), run(loss.encoder, others)
        reconstruction = ((run(loss.decoder, factors[1]) - others) ** 2).mean()
        first, second = (unit((f**2).mean(axis=0)) if of == 'attention' else unit(f) for f in factors)
        found.append((np.abs(first - second).mean(), reconstruction))
    return np.array(found).T


@pytest.mark.parametrize('of', ['attention', 'factor'])
def test_formula(of):
    loss = make(of=of, weight=20.0, reconstruction_weight=0.3)
    target, source = maps((4, 4, 4), 1), maps((6, 4, 4), 2)
    distance, reconstruction = expected_of(loss, target, source, of)
    values = loss(output(target), output(source), TransferContext(None, 0.5)).detach()
    np.testing.assert_allclose(values.numpy(), 20 * distance + 0.3 * reconstruction, rtol=1e-9)


def test_the_layers_are_those_of_the_paper():
    loss = make((4, 4, 4), (6, 4, 4))
    channels = {
        name: [(c.in_channels, c.out_channels) for c in getattr(loss, name) if hasattr(c, 'in_channels')]
        for name in ('encoder', 'decoder', 'translator')
    }
    assert channels == dict(
        encoder=[(6, 6), (6, 3), (3, 3)], decoder=[(3, 3), (3, 6), (6, 6)], translator=[(4, 4), (4, 3), (3, 3)]
    )
    assert all(isinstance(step, (nn.ConvTranspose2d, nn.LeakyReLU)) for step in loss.decoder)


def test_the_paraphraser_learns_alone_at_first():
    loss, target, source = make(paraphrase=0.25), maps((4, 4, 4), 1).requires_grad_(), maps((6, 4, 4), 2)
    at_first = loss(output(target), output(source), TransferContext(None, 0.25))
    _, reconstruction = expected_of(loss, target.detach(), source, 'attention')
    np.testing.assert_allclose(at_first.detach().numpy(), 0.1 * reconstruction, rtol=1e-9)
    at_first.sum().backward()
    assert not target.grad.any() and not any(p.grad.any() for p in loss.translator.parameters())
    assert all(p.grad.any() for p in (*loss.encoder.parameters(), *loss.decoder.parameters()))
    later = loss(output(target), output(source), TransferContext(None, 0.26))
    assert bool((later > at_first).all())


def test_the_distance_does_not_teach_the_paraphraser():
    source, target = maps((6, 4, 4), 2).requires_grad_(), maps((4, 4, 4), 1)
    gradients = []
    for weight in (1.0, 100.0):
        loss = make(weight=weight)
        loss(output(target), output(source), TransferContext(None, 1.0)).sum().backward()
        gradients.append([p.grad for p in (*loss.encoder.parameters(), *loss.decoder.parameters())])
    torch.testing.assert_close(*gradients, rtol=0, atol=0)
    assert source.grad is None


def test_maps_of_different_size_are_pooled():
    loss = make((4, 8, 8), (6, 4, 4))
    target, source = maps((4, 8, 8), 1), maps((6, 4, 4), 2)
    small = target.reshape(5, 4, 4, 2, 4, 2).mean((3, 5))
    values = [loss(output(own), output(source), TransferContext(None, 1.0)) for own in (target, small)]
    torch.testing.assert_close(*values, rtol=1e-12, atol=0)


def test_the_factor_has_a_channel_at_least():
    assert make(source=(3, 4, 4), ratio=0.1).encoder[2].out_channels == 1


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (dict(layers=['map', 'backbone.layer2']), 'layers must be one at each end'),
        (dict(of='factors'), "of must be 'attention' or 'factor', got 'factors'"),
        (dict(ratio=1.5), 'ratio must be'),
        (dict(weight=0), 'weight must be'),
        (dict(reconstruction_weight=-1), 'reconstruction_weight must be'),
        (dict(paraphrase=1.0), 'paraphrase must be'),
        (dict(norm_cfg=dict(type='no such norm')), 'norm_cfg'),
    ],
)
def test_wrong_arguments(arguments, says):
    with pytest.raises(ValueError, match=f'^{says}'):
        FT(**arguments)
