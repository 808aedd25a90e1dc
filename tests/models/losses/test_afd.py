import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ktg_mm.models.losses import AFD
from ktg_mm.structures import NodeOutput

# The maps of target and source, and the size that the discriminator is made for.
CASES = {
    'equal': ((4, 8, 8), (4, 8, 8), 8),
    'more channels': ((2, 4, 4), (6, 4, 4), 4),
    'fewer channels': ((6, 4, 4), (2, 4, 4), 4),
    'an odd size': ((4, 5, 5), (4, 5, 5), 5),
    'a single place': ((4, 1, 1), (3, 1, 1), 1),
    'a larger target': ((4, 8, 8), (6, 4, 4), 4),
    'a larger source': ((4, 4, 4), (4, 8, 8), 4),
}


def make(target, source, size=8, **arguments):
    torch.manual_seed(0)
    loss = AFD(size=size, **arguments)
    loss.set_shapes([torch.Size(target)], [torch.Size(source)])
    with torch.no_grad():  # other than torch's, so that each is seen
        for name, parameter in loss.named_parameters():
            if '.bn.' in name or name.startswith('discriminator.1.'):
                parameter.copy_(torch.rand_like(parameter) + 0.5)
    return loss.double()


def maps(shape, seed, size=6):
    return torch.randn(size, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def output(feature, layer='map'):
    return NodeOutput(torch.zeros(len(feature), 2), features={layer: feature})


def normed(x, scale, shift):
    """Batch norm by the batch's own statistics."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    return (x - mean) / (var + 1e-5).sqrt() * scale[:, None, None] + shift[:, None, None]


def discriminate(part, x):
    """D: 3 x 3 of stride 2, a norm, a leaky ReLU, the whole map to one number, a sigmoid."""
    x = F.conv2d(x, part['discriminator.0.weight'], stride=2, padding=1)
    x = normed(x, part['discriminator.1.weight'], part['discriminator.1.bias'])
    x = torch.where(x > 0, x, 0.2 * x)
    score = torch.einsum('bchw,ochw->b', x, part['discriminator.3.weight']) + part['discriminator.3.bias']
    return 1 / (1 + (-score).exp())


def transferred(part, own, others):
    """T(F_target) where the channels differ, both ends as large as the smaller one."""
    if 'transfer.conv.weight' in part:
        own = torch.einsum('bchw,oc->bohw', own, part['transfer.conv.weight'][:, :, 0, 0])
        own = normed(own, part['transfer.bn.weight'], part['transfer.bn.bias']).clamp(min=0)
    side = min(own.shape[-1], others.shape[-1])
    pool = [x.reshape(*x.shape[:2], side, x.shape[2] // side, side, -1).mean((3, 5)) for x in (own, others)]
    return pool[0], pool[1]


def part_of(loss):
    return {name: parameter.detach().clone().requires_grad_() for name, parameter in loss.named_parameters()}


def terms(part, own, others):
    """L_G and L_D of each sample, written as the paper's 3.2 has them."""
    fake, real = transferred(part, own, others)
    told = discriminate(part, fake)
    return (1 - told) ** 2, (1 - discriminate(part, real)) ** 2 + told**2


@pytest.mark.parametrize('case', CASES)
def test_formula(case):
    target, source, size = CASES[case]
    loss = make(target, source, size)
    own, others = maps(target, 1), maps(source, 2)
    fools, tells = terms(part_of(loss), own, others)
    value = loss(output(own), output(others), None)
    assert value.shape == (6,)
    torch.testing.assert_close(value.detach(), (fools + tells).detach(), rtol=1e-9, atol=0)


@pytest.mark.parametrize('detach', [True, False])
@pytest.mark.parametrize('case', CASES)
def test_each_learns_from_its_own_term_alone(case, detach):
    """The target and T from L_G, the discriminator from L_D, the source from none, detached or not."""
    target, source, size = CASES[case]
    loss = make(target, source, size)
    own, others = (maps(shape, seed).requires_grad_() for seed, shape in enumerate((target, source), 1))
    told = output(others).detach() if detach else output(others)
    loss(output(own), told, None).mean().backward()

    part, same = part_of(loss), own.detach().clone().requires_grad_()
    fools, tells = (term.mean() for term in terms(part, same, others.detach()))
    learns = {name: value for name, value in part.items() if name.startswith('transfer')}
    of_fools = torch.autograd.grad(fools, [same, *learns.values()], retain_graph=True)
    judges = {name: value for name, value in part.items() if name.startswith('discriminator')}
    of_tells = torch.autograd.grad(tells, list(judges.values()))
    expected = dict(zip([*learns, *judges], [*of_fools[1:], *of_tells], strict=True))
    assert set(expected) == set(part) and bool(learns) == (target[0] != source[0])
    torch.testing.assert_close(own.grad, of_fools[0], rtol=1e-9, atol=1e-12)
    for name, parameter in loss.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-12, msg=name)
        # A single place of T's ReLU may be dark; what is compared is no zero otherwise.
        assert case == 'a single place' or parameter.grad.any(), name
    assert others.grad is None
    # L_D has a gradient on the target as well, which is not passed on.
    assert torch.autograd.grad(terms(part, same, others.detach())[1].mean(), same)[0].any()


def test_the_targets_gradient_by_finite_differences():
    target, source, size = CASES['more channels']
    loss = make(target, source, size)
    own, others = maps(target, 1).requires_grad_(), maps(source, 2)
    loss(output(own), output(others), None).mean().backward()
    direction, step, part = maps(target, 3), 1e-6, part_of(loss)
    with torch.no_grad():
        more, less = (terms(part, own + sign * step * direction, others)[0].mean() for sign in (1, -1))
    slope = ((more - less) / (2 * step)).item()
    assert slope == pytest.approx((own.grad * direction).sum().item(), rel=1e-6) and abs(slope) > 1e-4


def test_layers_of_the_discriminator():
    loss = make((4, 8, 8), (7, 8, 8))
    first, norm, leaky, last, *_ = loss.discriminator
    assert (first.in_channels, first.out_channels, first.bias) == (7, 3, None)
    assert isinstance(norm, nn.BatchNorm2d) and norm.num_features == 3
    assert leaky.negative_slope == 0.2
    assert (last.in_channels, last.out_channels, last.kernel_size) == (3, 1, (4, 4)) and last.bias is not None
    assert make((1, 4, 4), (1, 4, 4), 4).discriminator[0].out_channels == 1
    assert not list(make((4, 8, 8), (4, 8, 8)).transfer.parameters())


def test_the_discriminator_learns_to_tell_and_is_deceived_by_a_target_that_learns():
    """By Adam: its terms fall while the target stands, then the target's term falls while the discriminator stands."""
    loss = make((4, 4, 4), (4, 4, 4), 4)
    own, others = maps((4, 4, 4), 1, 16).requires_grad_(), maps((4, 4, 4), 2, 16) + 1

    def terms_now():
        return [term.mean().item() for term in terms(part_of(loss), own.detach(), others)]

    found = [terms_now()]
    for learning in (list(loss.parameters()), [own]):
        optimizer = torch.optim.Adam(learning, lr=0.05)
        for _ in range(40):
            optimizer.zero_grad()
            loss(output(own), output(others), None).mean().backward()
            optimizer.step()
        found.append(terms_now())
    before, told, fooled = found
    assert told[1] < before[1] / 4 and told[0] > before[0]
    assert fooled[0] < told[0] / 4


def test_the_norm_layers():
    groups = dict(type='GN', num_groups=4)
    loss = make((4, 4, 4), (8, 4, 4), 4, norm_cfg=groups)
    norms = [module for module in loss.modules() if isinstance(module, nn.GroupNorm)]
    assert [norm.num_groups for norm in norms] == [4, 4]
    assert make((4, 4, 4), (10, 4, 4), 4, norm_cfg=groups).discriminator[1].num_groups == 1  # of 5 channels
    own, others = maps((4, 4, 4), 1), maps((8, 4, 4), 2)
    whole = loss(output(own), output(others), None)
    alone = torch.cat([loss(output(own[i : i + 1]), output(others[i : i + 1]), None) for i in range(6)])
    torch.testing.assert_close(alone, whole, rtol=1e-9, atol=1e-12)


def test_running_statistics_are_what_evaluation_goes_by():
    loss = make((2, 4, 4), (6, 4, 4), 4)
    ends = output(maps((2, 4, 4), 1)), output(maps((6, 4, 4), 2))
    for _ in range(300):
        loss(*ends, None)
    norm = loss.discriminator[1]
    with torch.no_grad():
        # Both ends' maps went through it, those of the target twice.
        fake, real = transferred(part_of(loss), ends[0].feature('map'), ends[1].feature('map'))
        means = [loss.discriminator[0](x).mean((0, 2, 3)) for x in (fake, real)]
    low, high = torch.stack(means).aminmax(dim=0)
    assert ((norm.running_mean > low - 1e-9) & (norm.running_mean < high + 1e-9)).all()
    state = {name: value.clone() for name, value in loss.state_dict().items()}
    loss.eval()
    whole = loss(*ends, None)
    assert all(torch.equal(value, state[name]) for name, value in loss.state_dict().items())
    one = loss(output(maps((2, 4, 4), 1)[:1]), output(maps((6, 4, 4), 2)[:1]), None)
    torch.testing.assert_close(one, whole[:1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_features_of_half_precision(dtype):
    """What autocast hands on is computed with in float32."""
    loss = make((2, 4, 4), (6, 4, 4), 4).float()
    own, others = maps((2, 4, 4), 1).to(dtype).requires_grad_(), maps((6, 4, 4), 2).to(dtype)
    value = loss(output(own), output(others), None)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(output(own.float()), output(others.float()), None), rtol=0, atol=0)
    value.mean().backward()
    assert own.grad.dtype == dtype and own.grad.any()


def test_another_layer():
    loss = AFD(layers=dict(target='backbone.layer1', source='backbone.layer2'), size=4)
    loss.set_shapes([torch.Size([2, 4, 4])], [torch.Size([6, 4, 4])])
    value = loss(
        output(maps((2, 4, 4), 1).float(), 'backbone.layer1'),
        output(maps((6, 4, 4), 2).float(), 'backbone.layer2'),
        None,
    )
    assert value.shape == (6,)


@pytest.mark.parametrize(('target', 'source', 'side'), [(4, 4, 4), (8, 4, 4), (16, 16, 16)])
def test_a_size_that_is_not_the_maps(target, source, side):
    loss = make((2, target, target), (2, source, source), 8)
    with pytest.raises(ValueError, match=rf'^size must be that of the maps, {side} x {side}, got 8$'):
        loss(output(maps((2, target, target), 1)), output(maps((2, source, source), 2)), None)


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (dict(layers=['map', 'backbone.layer2']), "layers must be one at each end, got ['map', 'backbone.layer2']"),
        (dict(layers=[]), 'layers must be names'),
        (dict(size=0), 'size must be'),
        (dict(size=7.5), 'size must be'),
        (dict(norm_cfg=dict(type='NoSuchNorm')), "norm_cfg: unknown norm layer 'NoSuchNorm'; take 'BN', 'GN'"),
        (dict(norm_cfg=dict(type='GN')), 'norm_cfg: GN needs num_groups'),
        (dict(norm_cfg=dict(type='BN', momentun=0.1)), 'norm_cfg: '),
        (dict(norm_cfg='BN'), 'norm_cfg must be'),
    ],
)
def test_a_wrong_argument(arguments, says):
    with pytest.raises(ValueError) as caught:
        AFD(**arguments)
    assert str(caught.value).startswith(says) and '\n' not in str(caught.value)


def test_what_is_no_map():
    with pytest.raises(ValueError, match=r"^'embedding' of the target gives features of shape"):
        AFD('embedding').set_shapes([torch.Size([8])], [torch.Size([8])])
