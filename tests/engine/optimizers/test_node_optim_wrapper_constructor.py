import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.engine.optimizers import AutocastOptimWrapper, NodeOptimWrapperConstructor, PhaseOptimWrapper
from ktg_mm.errors import ConfigError

SGD = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4)
CE, KL = dict(type='CrossEntropy'), dict(type='KLDivergence')


def network(**node):
    backbone = dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1)
    head = dict(type='LinearClsHead', num_classes=10, in_channels=16, loss=dict(type='CrossEntropyLoss'))
    classifier = dict(type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling'), head=head)
    return dict(type='NetworkNode', network=classifier, **node)


@pytest.fixture
def graph():
    """Two trained nodes, a frozen teacher, a moving average and an ensemble."""
    from ktg_mm.models import KnowledgeTransferGraph

    torch.manual_seed(0)
    graph = KnowledgeTransferGraph(
        target='net1',
        nodes=dict(
            teacher=network(allow_random=True),
            net1=network(),
            net2=network(),
            average=network(),
            ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
        ),
        edges={
            'label->net1': dict(loss=CE),
            'label->net2': dict(loss=CE),
            'teacher->net1': dict(loss=KL),
            'net1->average': dict(type='EMAEdge', decay=0.9),
            'average->net2': dict(loss=KL),
        },
    )
    graph.init_weights()
    return graph


def build(graph, paramwise_cfg=None, **wrapper):
    return NodeOptimWrapperConstructor(dict(optimizer=dict(SGD), **wrapper), paramwise_cfg)(graph)


def test_one_group_per_trained_node(graph):
    groups = build(graph).optimizer.param_groups
    assert [group['name'] for group in groups] == ['net1', 'net2']
    for group in groups:
        expected = list(graph.nodes[group['name']].parameters())
        assert [id(parameter) for parameter in group['params']] == [id(parameter) for parameter in expected]
        assert (group['lr'], group['momentum'], group['weight_decay']) == (0.1, 0.9, 5e-4)


def test_each_learning_parameter_is_in_one_group(graph):
    grouped = [id(parameter) for group in build(graph).optimizer.param_groups for parameter in group['params']]
    learning = [id(parameter) for parameter in graph.parameters() if parameter.requires_grad]
    assert sorted(grouped) == sorted(learning)
    assert len(set(grouped)) == len(grouped)
    frozen = {id(parameter) for name in ('teacher', 'average') for parameter in graph.nodes[name].parameters()}
    assert frozen
    assert not frozen & set(grouped)


def test_a_node_may_have_options_of_its_own(graph):
    wrapper = build(graph, dict(nodes=dict(net2=dict(lr=0.01, weight_decay=0.0))))
    options = {group['name']: (group['lr'], group['weight_decay']) for group in wrapper.optimizer.param_groups}
    assert options == dict(net1=(0.1, 5e-4), net2=(0.01, 0.0))


@pytest.mark.parametrize(
    ('name', 'hint'),
    [('net3', r"did you mean 'net[12]'\?"), ('teacher', 'known: net1, net2'), ('ensemble', 'known: net1, net2')],
)
def test_a_node_that_does_not_learn_has_no_options(graph, name, hint):
    with pytest.raises(
        ConfigError, match=rf'^optim_wrapper.paramwise_cfg.nodes.{name}: is no node that learns; {hint}$'
    ):
        build(graph, dict(nodes={name: dict(lr=0.01)}))


def test_other_options_by_parameter_are_refused():
    with pytest.raises(
        ConfigError, match=r"^optim_wrapper.paramwise_cfg: takes 'nodes' and 'edges' alone, got 'norm_decay_mult'$"
    ):
        NodeOptimWrapperConstructor(dict(optimizer=SGD), dict(norm_decay_mult=0.0))


def test_kind_of_wrapper(graph, mmpretrain_scope):
    assert type(build(graph)) is OptimWrapper
    assert type(build(graph, type='AutocastOptimWrapper')) is AutocastOptimWrapper
    assert build(graph, accumulative_counts=3)._accumulative_counts == 3


def test_the_config_is_left_as_it_was(graph):
    cfg = dict(type='OptimWrapper', optimizer=dict(SGD))
    NodeOptimWrapperConstructor(cfg)(graph)
    assert cfg == dict(type='OptimWrapper', optimizer=SGD)


def test_training_equals_plain_sgd_on_each_network(tiny_runner):
    """Two nodes under one optimiser get the weights that a plain SGD of their own would give them."""
    runner = tiny_runner(
        {'train_cfg.max_epochs': 1, 'optim_wrapper.paramwise_cfg': dict(nodes=dict(net2=dict(lr=0.02)))}
    )
    graph, twin = runner.model, runner.build_model(runner.cfg.model)
    graph.init_weights()
    twin.load_state_dict(graph.state_dict())
    optimizers = {
        name: torch.optim.SGD(twin.nodes[name].parameters(), lr=lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
        for name, lr in (('net1', 0.1), ('net2', 0.02))
    }
    wrapper = runner.build_optim_wrapper(runner.cfg.optim_wrapper)
    generator = torch.Generator().manual_seed(0)
    graph.train()
    twin.train()
    for _ in range(3):
        images = torch.rand(8, 1, 8, 8, generator=generator)
        labels = torch.randint(10, (8,), generator=generator)
        samples = [DataSample().set_gt_label(int(label)) for label in labels]
        losses = [
            {
                key: value.loss
                for key, value in net.edge_values(images, net.samples_of(samples), ['net1', 'net2']).items()
            }
            for net in (graph, twin)
        ]
        wrapper.update_params(sum(losses[0].values()))
        for name, optimizer in optimizers.items():
            optimizer.zero_grad()
            sum(loss for key, loss in losses[1].items() if key.endswith(f'->{name}')).backward(retain_graph=True)
        for optimizer in optimizers.values():
            optimizer.step()
    assert not torch.equal(graph.nodes['net1'].network.head.fc.weight, graph.nodes['net2'].network.head.fc.weight)
    for (name, value), other in zip(graph.state_dict().items(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(value, other, rtol=1e-5, atol=1e-7, msg=name)


# Phases, and what edges learn.

ADAM = dict(type='Adam', lr=1e-3, weight_decay=0.1)


@pytest.fixture
def adversarial():
    """Two networks learn from one another and one another's maps, one with an adapter; a third of the label alone."""
    from ktg_mm.models import KnowledgeTransferGraph

    torch.manual_seed(0)
    return KnowledgeTransferGraph(
        target='net1',
        nodes=dict(net1=network(), net2=network(), net3=network()),
        edges={
            **{f'label->net{i}': dict(loss=CE) for i in (1, 2, 3)},
            'net2->net1': dict(loss=KL),
            'net1->net2': dict(loss=KL),
            'net2->net1:features': dict(loss=dict(type='AFD', size=8)),
            'net1->net2:features': dict(loss=dict(type='AFD', size=8)),
            'net2->net1:hint': dict(loss=dict(type='FitNets')),
        },
        update=dict(
            type='SuccessiveUpdate',
            phases=[dict(name='logits', edges='*'), dict(name='features', edges='*:features')],
        ),
    )


PHASES = dict(logits=dict(optimizer=dict(SGD)), features=dict(optimizer=dict(ADAM)))


def names_of(graph, group):
    names = {id(parameter): name for name, parameter in graph.named_parameters()}
    return {names[id(parameter)] for parameter in group['params']}


def under(graph, *prefixes):
    return {name for name, _ in graph.named_parameters() if name.startswith(prefixes)}


def test_an_optimiser_for_each_phase(adversarial):
    wrapper = NodeOptimWrapperConstructor(PHASES)(adversarial)
    assert type(wrapper) is PhaseOptimWrapper and list(wrapper.keys()) == ['logits', 'features']
    logits, features = (wrapper[phase].optimizer for phase in PHASES)
    assert type(logits) is torch.optim.SGD and type(features) is torch.optim.Adam
    assert [group['name'] for group in logits.param_groups] == ['net1', 'net2', 'net3']
    assert [group['name'] for group in features.param_groups] == ['net1', 'net2']
    edges = {phase: {} for phase in PHASES}
    edges['logits']['net1'] = under(adversarial, 'edges.net2->net1:hint')
    for end in ('net2->net1', 'net1->net2'):
        edges['features'][end[-4:]] = under(adversarial, f'edges.{end}:features')
    assert edges['logits']['net1'] and all(edges['features'].values())
    for phase in PHASES:
        for group in wrapper[phase].optimizer.param_groups:
            expected = under(adversarial, f'nodes.{group["name"]}.') | edges[phase].get(group['name'], set())
            assert names_of(adversarial, group) == expected


def test_phases_step_in_the_order_of_the_update(adversarial):
    wrapper = NodeOptimWrapperConstructor(dict(reversed(PHASES.items())))(adversarial)
    assert list(wrapper.keys()) == ['logits', 'features']


def test_options_of_each_phase(adversarial):
    cfg = dict(
        logits=dict(
            optimizer=dict(SGD),
            paramwise_cfg=dict(nodes=dict(net1=dict(lr=0.5)), edges=dict(momentum=0.5)),
        ),
        features=dict(optimizer=dict(ADAM), paramwise_cfg=dict(edges=dict(weight_decay=0.0))),
    )
    wrapper = NodeOptimWrapperConstructor(cfg)(adversarial)
    groups = {phase: {g['name']: g for g in wrapper[phase].optimizer.param_groups} for phase in cfg}
    assert list(groups['logits']) == ['net1', 'edges of net1', 'net2', 'net3']
    options = {name: (group['lr'], group['momentum']) for name, group in groups['logits'].items()}
    # A node's options are also those of what its edges learn, unless that has others.
    assert options == {'net1': (0.5, 0.9), 'edges of net1': (0.5, 0.5), 'net2': (0.1, 0.9), 'net3': (0.1, 0.9)}
    assert list(groups['features']) == ['net1', 'edges of net1', 'net2', 'edges of net2']
    assert [group['weight_decay'] for group in groups['features'].values()] == [0.1, 0.0, 0.1, 0.0]
    hint = under(adversarial, 'edges.net2->net1:hint')
    assert names_of(adversarial, groups['logits']['edges of net1']) == hint
    assert names_of(adversarial, groups['logits']['net1']) == under(adversarial, 'nodes.net1.')
    features = under(adversarial, 'edges.net1->net2:features')
    assert names_of(adversarial, groups['features']['edges of net2']) == features


def test_what_edges_learn_without_phases(adversarial):
    """With its target, in one group unless it has options of its own."""
    groups = build(adversarial).optimizer.param_groups
    assert [group['name'] for group in groups] == ['net1', 'net2', 'net3']
    assert names_of(adversarial, groups[0]) == under(adversarial, 'nodes.net1.', 'edges.net2->net1')
    split = build(adversarial, dict(edges=dict(weight_decay=0.0))).optimizer.param_groups
    assert [group['name'] for group in split] == ['net1', 'edges of net1', 'net2', 'edges of net2', 'net3']
    assert names_of(adversarial, split[1]) == under(adversarial, 'edges.net2->net1')
    assert [group['weight_decay'] for group in split] == [5e-4, 0.0, 5e-4, 0.0, 5e-4]
    own = [id(parameter) for group in split[:2] for parameter in group['params']]
    assert own == [id(parameter) for parameter in groups[0]['params']]


def test_what_stands_beside_the_phases_is_common(adversarial, mmpretrain_scope):
    clip = dict(max_norm=1.0)
    cfg = dict(PHASES, type='AutocastOptimWrapper', accumulative_counts=3, features=dict(PHASES['features']))
    cfg['features']['clip_grad'] = clip
    wrapper = NodeOptimWrapperConstructor(cfg)(adversarial)
    assert [type(each) for each in wrapper.values()] == [AutocastOptimWrapper] * 2
    assert [each._accumulative_counts for each in wrapper.values()] == [3, 3]
    assert not wrapper['logits'].clip_grad_kwargs and wrapper['features'].clip_grad_kwargs == clip
    assert wrapper['features'].grad_name == 'features.grad_norm'
    both = NodeOptimWrapperConstructor(dict(PHASES, clip_grad=clip))(adversarial)
    assert [each.grad_name for each in both.values()] == ['logits.grad_norm', 'features.grad_norm']
    assert PHASES == dict(logits=dict(optimizer=SGD), features=dict(optimizer=ADAM))


@pytest.mark.parametrize(
    ('phase', 'says'),
    [
        (
            dict(paramwise_cfg=dict(nodes=dict(net4=dict(lr=0.1)))),
            r"features\.paramwise_cfg\.nodes\.net4: is no node that learns; did you mean 'net[12]'\?",
        ),
        (
            dict(paramwise_cfg=dict(nodes=dict(net3=dict(lr=0.1)))),  # it has no edge of features
            r"features\.paramwise_cfg\.nodes\.net3: is no node that learns; did you mean 'net[12]'\?",
        ),
        (
            dict(paramwise_cfg=dict(nodes=dict(net1=0.1))),
            r'features\.paramwise_cfg\.nodes\.net1: must be a dict, got 0\.1',
        ),
        (dict(paramwise_cfg=dict(nodes=[])), r'features\.paramwise_cfg\.nodes: must be a dict, got \[\]'),
        (dict(paramwise_cfg=dict(edges=0.5)), r'features\.paramwise_cfg\.edges: must be a dict, got 0\.5'),
        (dict(paramwise_cfg=dict(bias=0)), r"features\.paramwise_cfg: takes 'nodes' and 'edges' alone, got 'bias'"),
    ],
)
def test_wrong_options_of_a_phase(adversarial, phase, says):
    cfg = dict(PHASES, features=dict(PHASES['features'], **phase))
    with pytest.raises(ConfigError, match=rf'^optim_wrapper\.{says}$'):
        NodeOptimWrapperConstructor(cfg)(adversarial)


def test_options_beside_the_phases_are_refused():
    with pytest.raises(ConfigError, match=r'^optim_wrapper\.paramwise_cfg: belongs into a phase, such as logits$'):
        NodeOptimWrapperConstructor(PHASES, dict(edges=dict(lr=0.1)))
