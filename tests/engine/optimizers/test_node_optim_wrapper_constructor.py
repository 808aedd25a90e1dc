import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.engine.optimizers import AutocastOptimWrapper, NodeOptimWrapperConstructor
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
    message = r"^optim_wrapper.paramwise_cfg: takes 'nodes' and 'edges' alone, got 'norm_decay_mult'$"
    with pytest.raises(ConfigError, match=message):
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
