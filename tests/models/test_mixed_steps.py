"""Graphs that learn mixed images: what is run when, on which samples, and what is refused."""

import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from ktg_mm.errors import ConfigError
from ktg_mm.models.assemble import tell_num_classes
from ktg_mm.models.edge_batches import EdgeBatches

LABELED, UNLABELED = 3, 5
MIXED = dict(type='MixedView', node='net1', of=['weak', 'strong'], alpha=0.75)
MSE = dict(type='ProbabilityMSE')


def make_batch(seed=0, order=None, dtype=torch.float64):
    """Labelled samples first, or in another order."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        view: torch.rand(LABELED + UNLABELED, 1, 16, 16, generator=generator, dtype=dtype)
        for view in ('strong', 'weak')
    }
    labels = torch.randint(5, (LABELED,), generator=generator).tolist() + [-1] * UNLABELED
    order = order or list(range(len(labels)))
    samples = [DataSample().set_gt_label(labels[i]) for i in order]
    return dict(inputs={view: images[order] for view, images in inputs.items()}, data_samples=samples)


def edges(toys, net='net1', view='mixed'):
    looking = dict(target=view)
    return {
        f'label->{net}': toys.label(views=looking),
        f'label->{net}:guessed': dict(loss=MSE, views=looking, samples='unlabeled', weight=3.0),
    }


def make(toys, nodes=('net1',), more=None, views=None, view=None, update=None, **node):
    built = {name: toys.node(**node) for name in nodes}
    learned = {key: edge for name in nodes for key, edge in edges(toys, name).items()} | (more or {})
    views = views or dict(mixed=MIXED | (view or {}))
    return toys.build(built, learned, views=views, **(dict(update=dict(type=update)) if update else {}))


def values(graph, batch, progress=0.25):
    graph.progress = progress
    data = graph.data_preprocessor(batch, training=True)
    return {key: value.loss for key, value in graph(**data, mode='loss').items()}


def test_with_a_share_of_one_it_learns_what_it_would_learn_unmixed(toys):
    graph, batch = make(toys, view=dict(alpha=1e-12)), make_batch()
    network = copy.deepcopy(graph.nodes['net1'].network)
    found = values(graph, batch)
    weak, strong = batch['inputs']['weak'], batch['inputs']['strong']
    # Each guess is of a batch of its own, and leaves no trace in the statistics.
    said = [copy.deepcopy(network)(images[LABELED:], mode='tensor').softmax(1) for images in (weak, strong)]
    guess = ((said[0] + said[1]) / 2).square()
    guess = (guess / guess.sum(1, keepdim=True)).detach().repeat(2, 1)
    logits = network(torch.cat([weak, strong[LABELED:]]), mode='tensor')
    labels = toys.labels_of(batch)[:LABELED]
    expected = {
        'label->net1': F.cross_entropy(logits[:LABELED], labels),
        'label->net1:guessed': 3 * F.mse_loss(logits[LABELED:].softmax(1), guess),
    }
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(graph.nodes['net1'].network.state_dict(), network.state_dict(), rtol=1e-9, atol=1e-12)
    for losses in (found, expected):
        sum(losses.values()).backward()
    torch.testing.assert_close(
        toys.gradients(graph.nodes['net1'].network), toys.gradients(network), rtol=1e-7, atol=1e-10
    )


def runs(graph, batch):
    """The numbers of images on which a network has run in a step, and how many of them batch norm remembers."""
    sizes, network = [], graph.nodes['net1'].network
    hook = network.backbone.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
    before = int(network.backbone.bn1.num_batches_tracked)
    values(graph, batch)
    hook.remove()
    return sizes, int(network.backbone.bn1.num_batches_tracked) - before


def test_a_node_runs_once_on_all_mixed_images_and_guesses_by_what_it_has_said(toys):
    assert runs(make(toys), make_batch()) == ([UNLABELED, UNLABELED, LABELED + 2 * UNLABELED], 1)
    consistency = toys.kl(views=dict(source='weak', target='strong'), samples='unlabeled')
    graph = make(toys, more={'net1->net1': consistency}, view=dict(guess=['weak']))
    assert runs(graph, make_batch()) == ([UNLABELED, UNLABELED, LABELED + 2 * UNLABELED], 3)
    whole = toys.kl(views=dict(source='weak', target='strong'))
    assert runs(make(toys, more={'net1->net1': whole}), make_batch()) == ([8, 8, LABELED + 2 * UNLABELED], 3)


def test_the_order_of_the_samples_does_not_matter(toys):
    expected = values(make(toys), make_batch())
    order = [3, 0, 4, 1, 5, 6, 2, 7]  # those of each kind in their order
    torch.testing.assert_close(values(make(toys), make_batch(order=order)), expected, rtol=1e-9, atol=1e-12)


def test_labels_that_are_soft_in_the_data(toys):
    graph, batch = make(toys), make_batch()
    expected = values(graph, batch)
    for sample in batch['data_samples']:
        score = torch.zeros(5, dtype=torch.float64)
        score[max(int(sample.gt_label), 0)] = 1.0
        sample.set_gt_score(score)
    torch.testing.assert_close(values(make(toys), batch), expected, rtol=1e-9, atol=1e-12)
    for sample in batch['data_samples'][:LABELED]:
        sample.set_gt_score(torch.full((5,), 0.2, dtype=torch.float64))
    found = values(make(toys), batch)
    assert all(abs(found[key] - expected[key]) > 1e-6 for key in expected)


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate'])
def test_several_networks_learn_what_an_ensemble_guesses(update, toys):
    nodes = {name: toys.node() for name in ('net1', 'net2')}
    nodes['both'] = dict(type='EnsembleNode', members=['net1', 'net2'])
    taught = {key: edge for name in ('net1', 'net2') for key, edge in edges(toys, name).items()}
    graph = toys.build(nodes, taught, views=dict(mixed=MIXED | dict(node='both')), update=dict(type=update))
    before = toys.state(graph)
    log = toys_step(toys, graph, make_batch())
    assert all(float(log[f'edge/{key}']) > 0 for key in taught)
    for name in ('net1', 'net2'):
        key = f'nodes.{name}.network.backbone.conv1.weight'
        assert not torch.equal(graph.state_dict()[key], before[key])


def toys_step(toys, graph, batch):
    graph.progress = 0.25
    return graph.train_step(batch, toys.sgd(graph))


def test_branches_on_one_trunk(toys):
    branch = toys.node(share=dict(node='net1', until='backbone.layer1'))
    taught = edges(toys) | edges(toys, 'net2')
    graph = toys.build(dict(net1=toys.node(), net2=branch), taught, views=dict(mixed=MIXED))
    trunk = graph.nodes['net1'].network.backbone.conv1.forward
    before = trunk.runs
    toys_step(toys, graph, make_batch())
    assert trunk.runs - before == 3  # two guesses, and once for both branches


def test_edges_that_are_computed_as_one(toys):
    """Three networks learn one view, three edges another one, whose labels are others."""
    views = dict(mixed=MIXED, other=MIXED | dict(alpha=5.0))
    nets = ('net1', 'net2', 'net3')
    more = {f'label->{net}:other': toys.label(views=dict(target='other')) for net in nets}
    more |= {f'label->{net}:weak': toys.label(views=dict(target='weak')) for net in nets}
    found = []
    for batches in (None, EdgeBatches()):
        graph = make(toys, nets, more, views)
        graph.edge_batches = batches
        found.append(values(graph, make_batch()))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)
    assert len(batches._batches) == 4 and all(batches._batches.values())  # mixed, guessed, other, weak
    assert len({round(float(value), 9) for value in found[0].values()}) == len(found[0])


def test_half_precision(toys):
    batch = make_batch(dtype=torch.float32)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = values(make(toys).float(), batch)
    assert all(value.dtype == torch.float32 for value in found.values())
    same = {view: images.double() for view, images in batch['inputs'].items()}
    exact = values(make(toys), batch | dict(inputs=same))
    torch.testing.assert_close({key: value.double() for key, value in found.items()}, exact, rtol=0.05, atol=0.02)


def refused(batch, graph):
    with pytest.raises(ConfigError) as caught:
        values(graph, batch)
    return str(caught.value)


def test_batches_that_cannot_be_mixed(toys):
    labeled, unlabeled = make_batch(), make_batch()
    for sample in labeled['data_samples']:
        sample.set_gt_label(1)
    for sample in unlabeled['data_samples']:
        sample.set_gt_label(-1)
    for batch, kind in ((labeled, 'unlabelled'), (unlabeled, 'labelled')):
        assert refused(batch, make(toys)).startswith(
            f"model.edges['label->net1'].samples: the batch has no {kind} samples, which the edge looks at"
        )
    sizes = make_batch()
    sizes['inputs']['strong'] = sizes['inputs']['strong'][..., :12, :12]
    assert refused(sizes, make(toys)) == (
        'model.views.mixed.of: the views have different shapes, [(1, 12, 12), (1, 16, 16)]; must be of one shape'
    )


def test_a_graph_whose_number_of_classes_nobody_says(toys):
    view = SimpleNamespace(relabels=True)
    with pytest.raises(ConfigError, match=r"^data_preprocessor\.num_classes: is missing; the view 'mixed' needs it"):
        tell_num_classes({}, {}, None, dict(mixed=view))
