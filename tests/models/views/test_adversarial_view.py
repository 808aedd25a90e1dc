"""VAT against the formula in float64, against second derivatives, and within a graph."""

import copy
import functools
import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.losses import KLDivergence
from ktg_mm.models.views import AdversarialView, ViewContext
from ktg_mm.registry import UPDATES
from ktg_mm.structures import NodeOutput, SampleRows


def load(name):
    spec = importlib.util.spec_from_file_location(f'vat_{Path(name).stem}', Path(__file__).parents[1] / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


methods, capture = load('test_semi_supervised_methods.py'), load('test_capture.py')
SAMPLES, PIXELS, CLASSES = 5, 12, 4


def smooth_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 20), nn.Tanh(), nn.Linear(20, CLASSES)).double()


def images():
    return torch.rand(SAMPLES, 1, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def context(seed=0, samples=SAMPLES, **known):
    rows = SampleRows.of(torch.zeros(samples))
    return ViewContext('adversarial', seed, torch.tensor(0.5, dtype=torch.float64), rows, **known)


def perturbation(network, seed=0, **arguments):
    view = AdversarialView('net1', **arguments)
    return view(lambda x: NodeOutput(network(x)), images(), context(seed)) - images()


def divergences(network, r):
    """KL(q || p(x + r)) of each sample, as the edge's loss has it."""
    return KLDivergence()(NodeOutput(network(images() + r)), NodeOutput(network(images())).detach(), None)


def second_derivatives(network):
    """Of KL(q || p(x + d)) at d = 0, for each sample: eigenvalues and eigenvectors, from the lowest."""
    found = []
    for x in images():
        q = network(x[None]).softmax(1).detach()

        def divergence(d, x=x, q=q):
            p = network((x.flatten() + d).view(1, 1, 3, 4)).softmax(1)
            return (q * (q / p).log()).sum()

        hessian = torch.autograd.functional.hessian(divergence, torch.zeros(PIXELS, dtype=torch.float64))
        found.append(torch.linalg.eigh(hessian))
    return torch.stack([values for values, _ in found]), torch.stack([vectors for _, vectors in found])


def test_its_length_is_eps():
    for eps in (1e-3, 2.0):
        lengths = perturbation(smooth_network(), eps=eps).flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths, torch.full((SAMPLES,), eps, dtype=torch.float64), rtol=1e-9, atol=0)


@pytest.mark.parametrize('iterations', [1, 2, 5])
def test_the_direction_is_that_of_as_many_products_with_the_second_derivative(iterations):
    network = smooth_network()
    values, vectors = second_derivatives(network)
    noise = context().noise(images()).flatten(1)
    powers = (vectors * values[:, None] ** iterations) @ vectors.mT
    expected = torch.einsum('bij,bj->bi', powers, noise)
    expected = expected / expected.norm(dim=1, keepdim=True)
    found = perturbation(network, eps=1.0, xi=1e-5, iterations=iterations).flatten(1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_it_raises_the_divergence_by_what_the_power_iteration_promises():
    network, eps = smooth_network(), 1e-3
    values, vectors = second_derivatives(network)
    most = eps**2 / 2 * values[:, -1]
    shares = []
    for iterations in (1, 3, 30):
        r = perturbation(network, eps=eps, xi=1e-5, iterations=iterations)
        raised = divergences(network, r)
        curvature = torch.einsum('bi,bij,bj->b', r.flatten(1), (vectors * values[:, None]) @ vectors.mT, r.flatten(1))
        torch.testing.assert_close(raised, curvature / 2, rtol=5e-3, atol=0)
        shares.append(raised / most)
    assert (shares[0] < shares[1]).all() and (shares[1] < shares[2] + 5e-3).all() and (shares[0] < 0.99).any()
    torch.testing.assert_close(shares[2], torch.ones(SAMPLES, dtype=torch.float64), rtol=5e-3, atol=0)
    aligned = (r.flatten(1) / eps * vectors[..., -1]).sum(1).abs()
    torch.testing.assert_close(aligned, torch.ones(SAMPLES, dtype=torch.float64), rtol=1e-4, atol=0)


def test_no_random_direction_does_more():
    network = smooth_network()
    raised = divergences(network, perturbation(network, eps=0.01, iterations=30))
    generator = torch.Generator().manual_seed(2)
    for _ in range(200):
        d = torch.randn(images().shape, generator=generator, dtype=torch.float64)
        other = divergences(network, 0.01 * d / d.flatten(1).norm(dim=1).view(-1, 1, 1, 1))
        assert (other <= raised * 1.01).all()


def test_what_the_node_has_said_is_taken():
    network, runs = smooth_network(), []

    def run(x):
        runs.append((torch.equal(x, images()), torch.is_grad_enabled()))
        return NodeOutput(network(x))

    view, said = AdversarialView('net1', eps=1.0, iterations=2), NodeOutput(network(images()))
    first = view(run, images(), context())
    assert runs == [(True, False), (False, True), (False, True)]
    runs.clear()
    assert torch.equal(view(run, images(), context(said=said)), first)
    assert runs == [(False, True), (False, True)]


def test_tokens_cannot_be_moved():
    with pytest.raises(ConfigError, match=r'^model.views.adversarial: moves images, and tokens are none'):
        AdversarialView('net1', eps=1.0)(NodeOutput, torch.zeros(SAMPLES, 7, dtype=torch.long), context())


def test_weights_get_no_gradient_and_where_nothing_changes_nothing_moves():
    network = smooth_network()
    perturbation(network, eps=1.0)
    assert all(parameter.grad is None for parameter in network.parameters())
    for parameter in network[-1].parameters():
        parameter.data.zero_()
    assert not perturbation(network, eps=1.0).any()


def test_small_gradients_keep_their_direction():
    """Their squares vanish in float32."""
    network = smooth_network().float()
    view, x = AdversarialView('net1', eps=1.0, xi=1e-2), images().float()
    r = view(lambda x: NodeOutput(1e-9 * network(1e-3 * x)), x, context()) - x
    lengths = r.flatten(1).norm(dim=1)
    assert r.isfinite().all() and ((lengths < 1e-6) | ((lengths - 1).abs() < 1e-5)).all()


def test_float32_also_under_autocast():
    network = smooth_network().float()
    kinds = []

    def run(x):
        kinds.append((x.dtype, torch.is_autocast_enabled('cpu')))
        return NodeOutput(network(x))

    view = AdversarialView('net1', eps=1.0)
    expected = view(run, images().float(), context())
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(view(run, images().float(), context()), expected)
    assert set(kinds) == {(torch.float32, False)}


# Within a graph.

VIEW = dict(type='AdversarialView', node='net1', of='weak', eps=0.7)


def vat(toys, source='net1', target='net1', view='adversarial', of='weak', **entries):
    return toys.kl(views=dict(source=of, target=view), **dict(dict(samples='unlabeled'), **entries))


def label(toys, view='weak'):
    return toys.label(views=dict(target=view))


def mixed(seed=0, views=('weak',)):
    return methods.batch(seed, views)[0]


def build(toys, nodes=None, edges=None, view=None, **arguments):
    nodes = nodes or dict(net1=toys.node())
    edges = {'label->net1': label(toys), 'net1->net1:vat': vat(toys)} if edges is None else edges
    return toys.build(nodes, edges, views=dict(adversarial=VIEW | (view or {})), **arguments)


def buffers(graph):
    return {name: value.clone() for name, value in graph.named_buffers() if 'progress' not in name}


def test_three_steps_of_the_shipped_graph(toys):
    """As one writes VAT directly, see test_semi_supervised_methods.py; to rounding."""
    graph, method = methods.make_graph(toys, 'vat'), methods.VAT()
    with torch.no_grad():  # what is sure of everything hardly changes, and rounding decides where to
        graph.nodes['net1'].network.head.fc.weight.div_(40)
    net = copy.deepcopy(graph.nodes['net1'].network).train()
    optimizer = torch.optim.SGD(net.parameters(), **methods.OPTIMIZER)
    wrapper = toys.sgd(graph, **methods.OPTIMIZER)
    for step in range(3):
        data, labels, ids = methods.batch(step, method.views)
        graph.progress = (step + 1) / 3
        log = graph.train_step(data, wrapper)
        nets = dict(net1=functools.partial(net, mode='tensor'))
        loss = method.losses(nets, data['inputs'], labels, ids, graph.progress)['net1']
        torch.testing.assert_close(log['loss'], loss.detach(), rtol=1e-9, atol=0)
        assert float(log['edge/net1->net1:vat']) > 1e-3 and float(log['edge/net1->net1:entropy']) > 1e-3
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(graph.nodes['net1'].network.state_dict(), net.state_dict(), rtol=1e-9, atol=1e-12)


def shared(toys):
    nodes = dict(net1=toys.node(), net2=toys.node(share=dict(node='net1', until='backbone.layer1')))
    edges = {f'label->{name}': label(toys) for name in nodes}
    edges['net1->net2'] = toys.kl(views=dict(source='weak', target='weak'), samples='unlabeled')
    return nodes, edges, {'net2->net2:vat': vat(toys), 'net1->net2:vat': vat(toys)}, dict(node='net2')


def several_views(toys):
    nodes = dict(net1=toys.node())
    two = toys.kl(views=dict(source='weak', target='strong'), samples='unlabeled')
    return nodes, {'label->net1': label(toys), 'net1->net1': two}, {'net1->net1:vat': vat(toys)}, {}


def an_ensemble(toys):
    nodes = dict(net1=toys.node(), net2=toys.node(), vote=dict(type='EnsembleNode', members=['net1', 'net2']))
    edges = {'label->net1': label(toys), 'label->net2': label(toys)}
    edges['vote->net1'] = toys.kl(views=dict(source='weak', target='weak'), samples='unlabeled')
    return nodes, edges, {'vote->net1:vat': vat(toys), 'vote->net2:vat': vat(toys)}, dict(node='vote')


@pytest.mark.parametrize('joint', [False, True])
@pytest.mark.parametrize('case', [shared, several_views, an_ensemble])
def test_statistics_do_not_move_by_a_bit(toys, case, joint):
    """They are those of the graph without the edges that look at the made view, and so is what these say."""
    nodes, edges, looking, view = case(toys)
    views = ('weak', 'strong') if case is several_views else ('weak',)
    with_view = build(toys, nodes, edges | looking, view, joint_views=joint)
    without = toys.build(nodes, edges, joint_views=joint)
    without.load_state_dict(with_view.state_dict())
    for step in range(2):
        graphs = [graph.train_step(mixed(step, views), toys.sgd(graph, lr=0.0)) for graph in (with_view, without)]
        assert all(torch.equal(graphs[0][f'edge/{key}'], graphs[1][f'edge/{key}']) for key in edges)
    found, expected = buffers(with_view), buffers(without)
    assert found.keys() == expected.keys() and any('num_batches_tracked' in name for name in found)
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_a_node_that_looks_at_the_made_view_alone_moves_nothing(toys):
    graph = build(toys, edges={'label->net1': label(toys, 'adversarial')})
    before = buffers(graph)
    graph.train_step(mixed(), toys.sgd(graph))
    assert all(torch.equal(value, before[name]) for name, value in buffers(graph).items())


def test_images_without_a_name(toys):
    edges = {'label->net1': toys.label(), 'net1->net1:vat': vat(toys, of=None, samples='all')}
    edges['net1->net1:vat']['views'] = dict(target='adversarial')
    graph = build(toys, edges=edges, view=dict(of=None))
    log = graph.train_step(toys.batch(), toys.sgd(graph))
    assert float(log['edge/net1->net1:vat']) > 1e-4
    assert graph(toys.batch()['inputs'], mode='tensor').shape == (6, 5)  # a prediction needs no such view
    assert len(graph(toys.batch()['inputs'], mode='predict')) == 6


def test_any_node_may_look(toys):
    """net1 learns on images that net2 makes, though it stands after net1; a frozen or averaged node may make them."""
    nodes = dict(net1=toys.node(), net2=toys.node(), teacher=toys.node(allow_random=True), ema=toys.node())
    edges = {
        'label->net1': label(toys),
        'label->net2': label(toys),
        'net2->net1:vat': vat(toys),
        'net1->ema': dict(type='EMAEdge', decay=0.5),
    }
    values = {}
    for maker in nodes:
        edges['teacher->net2'] = vat(toys)
        graph = build(toys, nodes, edges, dict(node=maker))
        values[maker] = float(graph.train_step(mixed(), toys.sgd(graph))['edge/net2->net1:vat'])
    assert len(set(values.values())) == 3 and values['ema'] == values['net1']  # which it begins as a copy of


@pytest.mark.parametrize('update', sorted(UPDATES.module_dict))
def test_every_update_has_the_same_first_values(toys, update):
    graph = methods.make_graph(toys, 'vat')
    graph.progress = 0.5
    expected = {key: value.loss.item() for key, value in losses(copy.deepcopy(graph)).items()}
    graph.update = UPDATES.build(capture.update_of(update, label='label->*', own='net1->net1*'))
    graph.update.set_edges(list(graph.edges))
    log = graph.train_step(mixed(), capture.optimiser_of(graph, toys))
    assert {key: float(log[f'edge/{key}']) for key in expected} == pytest.approx(expected, rel=1e-12)


def losses(graph):
    data = graph.data_preprocessor(mixed(), training=True)
    return graph(data['inputs'], data['data_samples'], mode='loss')


def test_without_gradients(toys):
    graph = build(toys)
    expected = losses(copy.deepcopy(graph))
    with torch.no_grad():
        found = losses(graph)
    assert all(torch.equal(found[key].loss, expected[key].loss) for key in expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_within_a_graph_under_autocast(toys, dtype):
    """The images move as they do without it: the node runs once more in float32, as q in half precision is another."""
    graph = build(toys, double=False, data_preprocessor=dict(type='BaseDataPreprocessor'))
    data = mixed()
    inputs = {name: view.float() for name, view in data['inputs'].items()}
    made = []
    graph.views['adversarial'].register_forward_hook(lambda module, args, output: made.append((args[2].said, output)))
    graph(inputs, data['data_samples'], mode='loss')
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
        graph(inputs, data['data_samples'], mode='loss')
    (_, expected), (said, found) = made
    assert (said is None) == (dtype is torch.bfloat16)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_all_samples_that_the_node_has_seen_are_in_the_view(toys):
    """So batch norm sees the same batch, and what is found is no matter of another one."""
    graph, sizes = build(toys), []
    graph.nodes['net1'].register_forward_pre_hook(lambda node, args: sizes.append(len(args[0])))
    losses(graph)
    assert sizes == [12, 12, 12]  # x, x + d, and the view
    edges = {'label->net1': label(toys, 'strong'), 'net1->net1:vat': vat(toys)}
    graph, sizes = build(toys, edges=edges), []
    graph.nodes['net1'].register_forward_pre_hook(lambda node, args: sizes.append(len(args[0])))
    data = graph.data_preprocessor(mixed(0, ('weak', 'strong')), training=True)
    graph(data['inputs'], data['data_samples'], mode='loss')
    assert sizes == [4, 8, 8, 8]


def test_a_resumed_run_moves_as_one_that_went_on(toys):
    def steps(graph, wrapper, some):
        for step in some:
            graph.progress = (step + 1) / 4
            graph.train_step(mixed(step), wrapper)

    graph = build(toys)
    wrapper = toys.sgd(graph)
    steps(graph, wrapper, (0, 1))
    kept = copy.deepcopy((graph.state_dict(), wrapper.state_dict()))
    steps(graph, wrapper, (2, 3))
    other = build(toys, seed=1)
    resumed = toys.sgd(other)
    other.load_state_dict(kept[0])
    resumed.load_state_dict(kept[1])
    torch.manual_seed(9)
    steps(other, resumed, (2, 3))
    torch.testing.assert_close(other.state_dict(), graph.state_dict(), rtol=0, atol=0)


def test_a_node_that_no_gradient_passes_is_refused(toys):
    ensemble = dict(type='GatedEnsembleNode', members=['net1', 'net2'], detach=True)
    nodes = dict(net1=toys.node(), net2=toys.node(), wise=ensemble)
    edges = {f'label->{name}': label(toys) for name in nodes} | {'wise->net1:vat': vat(toys)}
    graph = build(toys, nodes, edges, dict(node='wise'))
    with pytest.raises(
        ConfigError, match=r"model.views.adversarial.node: no gradient reaches the images through 'wise'"
    ):
        losses(graph)
    ensemble['detach'] = False
    assert losses(build(toys, nodes, edges, dict(node='wise')))['wise->net1:vat'].loss.isfinite()
