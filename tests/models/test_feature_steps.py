"""Distillation by features makes the step of one that is written from its paper, and reaches what that trains."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

import ktg_mm.datasets  # noqa: F401  registers
from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph
from ktg_mm.models.losses import crd as crd_module

SIZE, CLASSES, STEPS, MEMORY = 8, 5, 3, 20
NEGATIVES = torch.randint(MEMORY, (SIZE, 6), generator=torch.Generator().manual_seed(9))
ARGUMENTS = {
    'CRD': dict(num_samples=MEMORY, num_negatives=6),
    'FSP': dict(layers=['backbone.relu', 'backbone.layer1', 'backbone.layer2', 'backbone.layer3']),
}
WIDTHS = {'FSP': 4}  # of the teacher, else 6
NAMES = [
    'FitNets',
    'AttentionTransfer',
    'VID',
    'PKT',
    'RKD',
    'SRD',
    'CRD',
    'SP',
    'CC',
    'ICKD',
    'FSP',
    'SVD',
    'ReviewKD',
]
WEIGHT = 0.7
GROUP_NORM = dict(type='GN', num_groups=2)


def network(width, norm=None):
    backbone = dict(type='CIFARResNet', depth=8, base_channels=width, in_channels=1)
    if norm is not None:
        backbone['norm_cfg'] = norm
    head = dict(type='LinearClsHead', num_classes=CLASSES, in_channels=4 * width)
    return dict(type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling'), head=head)


def build(losses, norm=None):
    torch.manual_seed(0)
    width = WIDTHS.get(losses[0]['type'], 6)
    return KnowledgeTransferGraph(
        nodes=dict(
            net1=dict(type='NetworkNode', network=network(4, norm)),
            net2=dict(type='NetworkNode', network=network(width, norm), allow_random=True),
        ),
        edges={
            'label->net1': dict(loss=dict(type='CrossEntropy')),
            **{f'net2->net1:{loss["type"]}': dict(loss=loss, weight=WEIGHT) for loss in losses},
        },
        target='net1',
        data_preprocessor=dict(type='BaseDataPreprocessor'),
    ).double()


def batches(size=SIZE):
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        images = torch.rand(size, 1, 16, 16, generator=generator, dtype=torch.float64)
        labels = torch.randint(CLASSES, (size,), generator=generator)
        ids = torch.randperm(MEMORY, generator=generator)[:size]
        yield images, labels, ids


def samples(labels, ids):
    pairs = zip(labels.tolist(), ids.tolist(), strict=True)
    return [DataSample(metainfo=dict(sample_idx=i)).set_gt_label(label) for label, i in pairs]


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-3)


def plain(graph, name, width):
    """A node's network outside of the graph, with copies of its weights."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built = MODELS.build(network(width)).double()
    built.load_state_dict(graph.nodes[name].network.state_dict())
    return built


def layers_of(net, images):
    """The maps of the three stages, the embedding, the logits, and the stem's map."""
    backbone = net.backbone
    stem = F.relu(backbone.bn1(backbone.conv1(images)))
    maps = [backbone.layer1(stem)]
    maps.append(backbone.layer2(maps[0]))
    maps.append(backbone.layer3(maps[1]))
    embedding = maps[2].mean(dim=(2, 3))
    return maps, embedding, embedding @ net.head.fc.weight.T + net.head.fc.bias, stem


def fitnets(own, others, part, state):
    convolution = F.conv2d(own[0][1], part['regressors.0.0.weight'], part['regressors.0.0.bias'])
    mean, var = (
        convolution.mean(dim=(0, 2, 3), keepdim=True),
        convolution.var(dim=(0, 2, 3), keepdim=True, correction=0),
    )
    scale, shift = (part[f'regressors.0.1.{name}'][:, None, None] for name in ('weight', 'bias'))
    regressed = F.relu((convolution - mean) / (var + 1e-5).sqrt() * scale + shift)
    return ((regressed - others[0][1]) ** 2).mean()


def attention_transfer(own, others, part, state):
    def attention(features):
        flat = (features**2).mean(dim=1).flatten(1)
        return flat / flat.norm(dim=1, keepdim=True)

    return sum(((attention(a) - attention(b)) ** 2).mean() for a, b in zip(own[0], others[0], strict=True))


def vid(own, others, part, state):
    total = 0.0
    for i, (a, b) in enumerate(zip(own[0], others[0], strict=True)):
        for j in (0, 2, 4):
            a = F.conv2d(F.relu(a) if j else a, part[f'regressors.{i}.{j}.weight'])
        v = (1 + part[f'raw_variances.{i}'].exp()).log() + 1e-5
        total = total + (((a - b) ** 2 / v + v.log()) / 2).mean()
    return total


def pkt(own, others, part, state):
    def conditional(f):
        u = f / (f.norm(dim=1, keepdim=True) + 1e-7)
        cosines = (u @ u.T + 1) / 2
        return cosines / cosines.sum(dim=1, keepdim=True)

    p, q = conditional(others[1]), conditional(own[1])
    return (p * ((p + 1e-7) / (q + 1e-7)).log()).mean()


def rkd(own, others, part, state):
    def distances(f):
        squares = ((f[:, None] - f[None]) ** 2).sum(dim=2).clamp(min=1e-12)
        d = squares.sqrt() * (1 - torch.eye(len(f), dtype=f.dtype))
        return d / d[d > 0].mean()

    def angles(f):
        difference = f[None] - f[:, None]
        e = difference / difference.norm(dim=2, keepdim=True).clamp(min=1e-12)
        return torch.einsum('ijd,ikd->ijk', e, e)

    distance = F.smooth_l1_loss(distances(own[1]), distances(others[1]))
    return 25 * distance + 50 * F.smooth_l1_loss(angles(own[1]), angles(others[1]))


def srd(own, others, part, state):
    def standardised(g):
        return (g - g.mean(dim=0)) / (g.var(dim=0, correction=0) + 1e-4).sqrt()

    projected = own[1] @ part['projectors.0.weight'].T + part['projectors.0.bias']
    distance = (standardised(projected) - standardised(others[1])).abs() ** 4
    p, q = others[2].softmax(dim=1), own[2].softmax(dim=1)
    return 2 * (distance.sum() + 1e-12).log() + (p * (p / q).log()).sum() / len(p)


def crd(own, others, part, state):
    ends = []
    for end, feature in (('target', own[1]), ('source', others[1])):
        embedded = feature @ part[f'embed_{end}.weight'].T + part[f'embed_{end}.bias']
        ends.append(embedded / embedded.norm(dim=1, keepdim=True))
    places, share = torch.cat([state['ids'][:, None], NEGATIVES], dim=1), NEGATIVES.shape[1] / MEMORY
    total = 0.0
    for end, memory, z in zip(ends, ('source', 'target'), ('z_target', 'z_source'), strict=True):
        scores = ((end[:, None] * state[memory][places]).sum(dim=2) / 0.07).exp()
        state.setdefault(z, scores.detach().mean() * MEMORY)
        p = scores / state[z]
        terms = (p[:, 0] / (p[:, 0] + share + 1e-7)).log() + (share / (p[:, 1:] + share + 1e-7)).log().sum(dim=1)
        total = total - terms.mean()
    for end, memory in zip(ends, ('target', 'source'), strict=True):
        moved = 0.5 * state[memory][state['ids']] + 0.5 * end.detach()
        state[memory] = state[memory].index_copy(0, state['ids'], moved / moved.norm(dim=1, keepdim=True))
    return total


def sp(own, others, part, state):
    def similarities(feature):
        gram = torch.einsum('ichw,jchw->ij', feature, feature)
        return gram / gram.norm(dim=1, keepdim=True)

    return ((similarities(own[0][2]) - similarities(others[0][2])) ** 2).sum() / SIZE**2


def cc(own, others, part, state):
    ends = zip(('target', 'source'), (own[1], others[1]), strict=True)
    embedded = [f @ part[f'embeds.0.{end}.weight'].T + part[f'embeds.0.{end}.bias'] for end, f in ends]
    delta = (embedded[0] - embedded[1]).abs()
    return (delta[:-1] * delta[1:]).sum(dim=1).mean()


def normalised(x, part, name):
    """Batch norm of maps."""
    mean, var = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    scale, shift = (part[f'{name}.{kind}'][:, None, None] for kind in ('weight', 'bias'))
    return (x - mean) / (var + 1e-5).sqrt() * scale + shift


def ickd(own, others, part, state):
    def correlations(feature):
        gram = torch.einsum('bchw,bdhw->bcd', feature, feature)
        return gram / gram.norm(dim=2, keepdim=True)

    embedded = normalised(F.conv2d(own[0][2], part['embeds.0.0.weight']), part, 'embeds.0.1')
    distance = (correlations(embedded) - correlations(others[0][2])) ** 2
    return distance.sum() / (SIZE * others[0][2].shape[1])


def fsp(own, others, part, state):
    def flow(first, second):
        first = F.adaptive_avg_pool2d(first, second.shape[2:])
        return torch.einsum('bchw,bdhw->bcd', first, second) / second[0, 0].numel()

    ends = [[end[3], *end[0]] for end in (own, others)]
    flows = [[flow(*pair) for pair in pairwise(end)] for end in ends]
    return sum(((a - b) ** 2).mean() for a, b in zip(*flows, strict=True))


def svd(own, others, part, state):
    def relations(maps):
        matrices = [feature.flatten(1, 2) for feature in maps]
        # Of maps behind a ReLU the first vectors have one sign, and are the nearest to one another.
        vectors = [torch.linalg.svd(matrix, full_matrices=False).Vh[:, 0].abs() for matrix in matrices]
        return [(-((b[:, :, None] - a[:, None]) ** 2) / 8).exp() for a, b in pairwise(vectors)]

    pairs = zip(relations(own[0]), relations(others[0]), strict=True)
    return sum(((a - b) ** 2).sum() for a, b in pairs) / SIZE


def review(own, others, part, state):
    def distance(a, b):
        value, weight, total = F.mse_loss(a, b), 1.0, 1.0
        for side in (4, 2, 1):
            if side < a.shape[2]:
                weight, total = weight / 2, total + weight / 2
                value = value + weight * F.mse_loss(F.adaptive_avg_pool2d(a, side), F.adaptive_avg_pool2d(b, side))
        return value / total

    total, y = 0.0, None
    ends = [[*end[0], end[1][:, :, None, None]] for end in (own, others)]
    for i in (3, 2, 1, 0):
        a, b = (end[i] for end in ends)
        x = normalised(F.conv2d(a, part[f'fusions.{i}.reduce.0.weight']), part, f'fusions.{i}.reduce.1')
        if y is not None:
            y = F.interpolate(y, x.shape[2:], mode='nearest')
            name = f'fusions.{i}.attention'
            both = F.conv2d(torch.cat([x, y], dim=1), part[f'{name}.weight'], part[f'{name}.bias']).sigmoid()
            x = both[:, :1] * x + both[:, 1:] * y
        y = x
        fused = normalised(F.conv2d(x, part[f'fusions.{i}.expand.0.weight'], padding=1), part, f'fusions.{i}.expand.1')
        total = total + distance(fused, b)
    return total


METHODS = fitnets, attention_transfer, vid, pkt, rkd, srd, crd, sp, cc, ickd, fsp, svd, review
FORMULAS = dict(zip(NAMES, METHODS, strict=True))


@pytest.fixture
def given_negatives(monkeypatch):
    """CRD's are those of the formula; how it draws is tested elsewhere."""
    monkeypatch.setattr(crd_module, 'draw_negatives', lambda *arguments: NEGATIVES)


@pytest.mark.parametrize('name', NAMES)
def test_a_graph_steps_as_the_paper_says(name, given_negatives):
    graph = build([dict(type=name, **ARGUMENTS.get(name, {}))])
    edge = graph.edges[f'net2->net1:{name}']
    part = {key: value.detach().clone().requires_grad_() for key, value in edge.losses[0].named_parameters()}
    state = {end: getattr(edge.losses[0], f'{end}_memory', torch.zeros(0)).clone() for end in ('target', 'source')}
    student, teacher = (
        plain(graph, 'net1', 4).train(),
        plain(graph, 'net2', WIDTHS.get(name, 6)).eval().requires_grad_(False),
    )
    optimizer = sgd([*student.parameters(), *part.values()])
    wrapper = OptimWrapper(sgd([p for _, parameters in graph.parameter_groups() for p in parameters]))
    for images, labels, ids in batches():
        log = graph.train_step(dict(inputs=images, data_samples=samples(labels, ids)), wrapper)
        state['ids'] = ids
        own, others = layers_of(student, images), layers_of(teacher, images)
        optimizer.zero_grad()
        value = FORMULAS[name](own, others, part, state)
        (F.cross_entropy(own[2], labels) + WEIGHT * value).backward()
        optimizer.step()
        torch.testing.assert_close(log[f'edge/{edge.key}'], WEIGHT * value.detach(), rtol=1e-9, atol=1e-9)
    for key, value in student.state_dict().items():
        torch.testing.assert_close(graph.nodes['net1'].network.state_dict()[key], value, rtol=1e-9, atol=1e-9)
    for key, value in part.items():
        torch.testing.assert_close(dict(edge.losses[0].named_parameters())[key], value, rtol=1e-9, atol=1e-9)
    for key, value in teacher.state_dict().items():
        assert torch.equal(graph.nodes['net2'].network.state_dict()[key], value)
    if name == 'CRD':
        for end in ('target', 'source'):
            torch.testing.assert_close(getattr(edge.losses[0], f'{end}_memory'), state[end], rtol=1e-9, atol=1e-9)


REACHED = {  # of the student, besides all that the edge learns
    'FitNets': ['backbone.conv1', 'backbone.bn1', 'backbone.layer1', 'backbone.layer2'],
    **{name: ['backbone'] for name in NAMES[1:]},
    'SRD': ['backbone', 'head'],
}


@pytest.mark.parametrize('name', NAMES)
def test_gradients_reach_what_the_method_trains(name):
    graph = build([dict(type=name, **ARGUMENTS.get(name, {}))])
    images, labels, ids = next(batches())
    key = f'net2->net1:{name}'
    graph(images, samples(labels, ids), mode='loss')[key].loss.backward()
    reached = {n for n, p in graph.named_parameters() if p.grad is not None}
    expected = {n for n, _ in graph.named_parameters() if n.startswith(f'edges.{key}.')}
    for module in REACHED[name]:
        expected |= {
            n for n, _ in graph.nodes['net1'].named_parameters(prefix='nodes.net1') if f'.network.{module}.' in n
        }
    assert reached == expected


OF_SINGLE_SAMPLES = [dict(type='FitNets', norm_cfg=GROUP_NORM), dict(type='AttentionTransfer'), dict(type='VID')]


def train(rank, world_size, norm):
    """Trains on a rank's part of each batch, by all losses that are sums over samples, and CRD."""
    model = built = build([*OF_SINGLE_SAMPLES, dict(type='CRD', **ARGUMENTS['CRD'])], norm)
    if world_size > 1:
        model = GraphDistributedDataParallel(built, device_ids=None, broadcast_buffers=False)
    wrapper = OptimWrapper(sgd([p for _, parameters in built.parameter_groups() for p in parameters]))
    for step, (images, labels, ids) in enumerate(batches()):
        rows = slice(rank * SIZE // world_size, (rank + 1) * SIZE // world_size)
        built.progress = (step + 1) / STEPS
        model.train_step(dict(inputs=images[rows], data_samples=samples(labels[rows], ids[rows])), wrapper)
    return dict(built.state_dict())


def with_group_norm(rank, world_size):
    return train(rank, world_size, GROUP_NORM)


def with_batch_norm(rank, world_size):
    return train(rank, world_size, None)


@pytest.mark.slow
def test_two_processes_equal_one(two_processes):
    one = with_group_norm(0, 1)
    for state in two_processes(with_group_norm):
        for key, value in one.items():
            torch.testing.assert_close(state[key], value, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_two_processes_with_batch_norm_have_the_same_weights(two_processes):
    first, second = two_processes(with_batch_norm)
    for key in first:
        if 'running' not in key:
            assert torch.equal(first[key], second[key]), key
