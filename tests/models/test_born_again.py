"""Born-again networks and teacher assistants make the steps that their papers write, out of the shipped configs.

The graphs, the stages and the optimiser are those of the configs; the networks are small, but for the ResNet in the
place of a DenseNet, which is the one for digits.
"""

import functools
import importlib.util
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from ktg_mm.apis.config import load_config
from ktg_mm.config.stages import resolve_stages
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.step_random import step_uniform

CONFIGS = Path(__file__).parents[2] / 'configs'
PROGRESS = (0.1, 0.25, 0.9)
LEARNING_RATE, MOMENTUM, DECAY, SEED = 0.1, 0.9, 5e-4, 3
SHARED = ('backbone.conv1', 'head.fc')


def load(name):
    spec = importlib.util.spec_from_file_location(f'born_again_{Path(name).stem}', Path(__file__).parent / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


families = load('test_families.py')


@functools.cache
def stages_of(path):
    """The stages of a config by their names."""
    return {stage.name: stage.config for stage in resolve_stages(load_config(CONFIGS / f'{path}.py'), 'work')}


def trained(toys, network, folder, seed):
    """The checkpoint of a network in the middle of its training."""
    node = dict(type='NetworkNode', network=network)
    graph = KnowledgeTransferGraph(dict(net=node), {'label->net': toys.label()}, 'net')
    torch.manual_seed(seed)
    graph.init_weights()
    for key, value in graph.state_dict().items():
        if 'running' in key:
            value.add_(0.2 * torch.rand_like(value))
    path = folder / f'{seed}.pth'
    torch.save(dict(state_dict=graph.state_dict()), path)
    return str(path)


def build(toys, folder, path, name, network=None):
    """A stage's graph and optimiser, with networks of earlier stages that are of another training, or none."""
    config = stages_of(path)[name]
    model, nodes = config['model'], {}
    for seed, (key, node) in enumerate(config['model']['nodes'].items(), 1):
        if node['type'] == 'NetworkNode':
            node = node | dict(network=network or node['network'])
            if 'checkpoint' in node:
                assert node['prefix'] == 'nodes.net.network.'
                node['checkpoint'] = trained(toys, node['network'], folder, seed)
        nodes[key] = node
    graph = toys.build(nodes, model['edges'], model['target'])
    graph.seed = SEED
    wrapper = dict(config['optim_wrapper'])
    assert wrapper.pop('constructor') == 'NodeOptimWrapperConstructor'
    return graph, NodeOptimWrapperConstructor(wrapper)(graph)


class Frozen(families.Nets):
    """A teacher: batch norm as in evaluation."""

    def norm(self, key, x):
        values = self.values
        mean, var = values[f'{key}.running_mean'], values[f'{key}.running_var']
        return F.batch_norm(x, mean, var, values[f'{key}.weight'], values[f'{key}.bias'], training=False)


def label_loss(z, labels):
    return sum(-row.log_softmax(0)[label] for row, label in zip(z, labels, strict=True)) / len(z)


def ban(z, t, labels, progress):
    """Equation 3: the cross-entropy with the teacher's output; as a divergence, the teacher's entropy less."""
    p = t.softmax(1)
    yield 'teacher->net', -(p * z.log_softmax(1)).sum() / len(z), (p * p.log()).sum() / len(z)


def ban_l(z, t, labels, progress):
    yield 'label->net', label_loss(z, labels), 0.0
    yield from ban(z, t, labels, progress)


def cwtm(z, t, labels, progress):
    """Equation 10, the weights of which add up to 1."""
    most = [float(row.softmax(0).max()) for row in t]
    terms = [m / sum(most) * -row.log_softmax(0)[y] for m, row, y in zip(most, z, labels, strict=True)]
    yield 'teacher->net', sum(terms), 0.0


def dkpp(z, t, labels, progress):
    """Equation 11, by the numbers of the step in the order of the classes that are left."""
    drawn = step_uniform(SEED, torch.tensor(progress, dtype=torch.float64), z.shape, 'DKPP teacher->net')
    total = 0.0
    for row, told, numbers in zip(z, t.softmax(1), drawn, strict=True):
        best = int(told.argmax())
        others = [k for k in range(len(told)) if k != best]
        mixed = [told[k] for k in sorted(others, key=lambda k, n=numbers: float(n[k]))]
        q = row.log_softmax(0)
        total = total - told[best] * q[best] - sum(p * q[k] for p, k in zip(mixed, others, strict=True))
    yield 'teacher->net', total / len(z), 0.0


def ta(z, t, labels, progress):
    yield 'label->net', label_loss(z, labels), 0.0
    yield 'teacher->net', families.divergence(z, t, 2.0), 0.0


CASES = {
    'ban': ('born_again/ban_fashion_mnist_3000', 'gen1', ban),
    'ban, last generation': ('born_again/ban_fashion_mnist_3000', 'gen3', ban),
    'ban_l': ('born_again/ban_l_digits', 'gen1', ban_l),
    'cwtm': ('born_again/cwtm_digits', 'gen1', cwtm),
    'dkpp': ('born_again/dkpp_digits', 'gen1', dkpp),
    'assistant': ('kd/ta_fashion_mnist_3000', 'assistant', ta),
    'student': ('kd/ta_fashion_mnist_3000', 'student', ta),
    'anchor': ('kd/rco_fashion_mnist_3000', 'anchor3', ta),
}


@pytest.mark.parametrize('case', CASES)
def test_a_stage_steps_as_the_paper_says(toys, tmp_path, case):
    path, name, method = CASES[case]
    graph, optim_wrapper = build(toys, tmp_path, path, name, toys.network())
    before = toys.state(graph)
    net, teacher, momentum = Nets(before, 'net'), Frozen(before, ['teacher'], False), {}
    for step, progress in enumerate(PROGRESS):
        data = toys.batch(seed=step)
        expected = net.step(method, teacher, data, toys.labels_of(data), progress, momentum)
        graph.progress = progress
        log = graph.train_step(data, optim_wrapper)
        assert {key for key in log if key.startswith('edge/')} == {f'edge/{key}' for key in expected}
        for key, value in expected.items():
            torch.testing.assert_close(log[f'edge/{key}'], value, rtol=1e-9, atol=0)
    state = graph.state_dict()
    for key, value in before.items():
        expected = net.values[key] if key.startswith('nodes.net.') else value  # who teaches, or has taught, stays
        torch.testing.assert_close(state[key], expected, rtol=1e-9, atol=1e-12)
    assert any(not torch.equal(state[key], value) for key, value in before.items() if key.startswith('nodes.net.'))


class Nets(families.Nets):
    """The one that learns."""

    def __init__(self, state, name):
        super().__init__({key: v for key, v in state.items() if key.startswith(f'nodes.{name}.')}, [name], False)

    def step(self, method, teacher, data, labels, progress, momentum):
        """Makes a step of SGD with Nesterov's momentum; returns the value of each edge."""
        for key, value in self.parameters.items():
            self.values[key] = value.detach().requires_grad_()
        self.run(data['inputs'])
        teacher.run(data['inputs'])
        edges = list(method(self.logits['net'], teacher.logits['teacher'].detach(), labels.tolist(), progress))
        sum(value for _, value, _ in edges).backward()
        for key in self.parameters:
            change = self.values[key].grad + DECAY * self.values[key].detach()
            momentum[key] = MOMENTUM * momentum[key] + change if key in momentum else change
            self.parameters[key] = self.values[key].detach() - LEARNING_RATE * (change + MOMENTUM * momentum[key])
            self.values[key] = self.parameters[key]
        return {key: value.detach() + constant for key, value, constant in edges}


def test_a_generation_begins_anew_and_its_teacher_is_the_one_before():
    stages = stages_of('born_again/ban_fashion_mnist_3000')
    assert list(stages) == ['gen0', 'gen1', 'gen2', 'gen3']
    for number in (1, 2, 3):
        nodes = stages[f'gen{number}']['model']['nodes']
        assert nodes['teacher']['checkpoint'] == f'work/gen{number - 1}/epoch_32.pth'
        assert 'checkpoint' not in nodes['net']
    assert list(stages['gen0']['model']['edges']) == ['label->net']
    assert len({stage['randomness']['seed'] for stage in stages.values()}) == 4


def test_the_ensembles_are_the_means_of_the_generations(toys, tmp_path):
    graph, _ = build(toys, tmp_path, 'born_again/ban_fashion_mnist_3000', 'gen3', toys.network())
    assert stages_of('born_again/ban_fashion_mnist_3000')['gen3']['model']['nodes']['gen1']['checkpoint'] == (
        'work/gen1/epoch_32.pth'
    )
    data = toys.batch(seed=7)
    graph.eval()
    with torch.no_grad():
        one, two, three = (graph.nodes[name](data['inputs']).logits for name in ('gen1', 'teacher', 'net'))
        samples = graph(**data, mode='predict')
    names = ['gen1', 'teacher', 'ensemble_2', 'ensemble_3', 'net']
    for i, sample in enumerate(samples):
        scores = {name: sample.node_scores[list(graph.nodes).index(name)] for name in names}
        expected = [one[i], two[i], (one[i] + two[i]) / 2, (one[i] + two[i] + three[i]) / 3, three[i]]
        for name, logits in zip(names, expected, strict=True):
            torch.testing.assert_close(scores[name].double(), logits.softmax(0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('generations', [0, 1, 2])
def test_fewer_generations(generations):
    """A stage each; with two of them the teacher is a member of Ens*3 (document 004, table 2)."""
    path = CONFIGS / 'born_again/ban_cifar100.py'
    whole = {stage.name: stage for stage in resolve_stages(load_config(path), 'work')}
    cfg = load_config(path, overlays=[CONFIGS / f'_base_/graphs/born_again_{generations}.py'])
    fewer = {stage.name: stage for stage in resolve_stages(cfg, 'work')}
    assert [*fewer] == [f'gen{number}' for number in range(generations + 1)]
    for name in [*fewer][:2]:
        assert fewer[name].config == whole[name].config
    if generations == 2:
        model = fewer['gen2'].config['model']
        nodes = model['nodes']
        taken = {name: node['checkpoint'] for name, node in nodes.items() if 'checkpoint' in node}
        assert taken == dict(gen0='work/gen0/epoch_300.pth', teacher='work/gen1/epoch_300.pth')
        assert nodes['ensemble_2']['members'] == ['teacher', 'net']
        assert nodes['ensemble_3']['members'] == ['gen0', 'teacher', 'net']
        assert model['edges'] == whole['gen2'].config['model']['edges']


def test_route_constrained_students_go_on_where_they_were():
    stages = stages_of('kd/rco_fashion_mnist_3000')
    for number, epoch in enumerate((8, 16, 24, 32), 1):
        stage = stages[f'anchor{number}']
        nodes = stage['model']['nodes']
        assert nodes['teacher']['checkpoint'] == f'work/teacher/epoch_{epoch}.pth'
        assert nodes['net'].get('checkpoint') == (f'work/anchor{number - 1}/epoch_8.pth' if number > 1 else None)
        assert (
            nodes['net']['network']['backbone']['depth'] == 8 and nodes['teacher']['network']['backbone']['depth'] == 20
        )
        assert stage['train_cfg']['max_epochs'] == 8
    stages = stages_of('kd/rco_cifar100')
    for number, epoch in enumerate((60, 120, 180, 200), 1):
        nodes = stages[f'anchor{number}']['model']['nodes']
        assert nodes['teacher']['checkpoint'] == f'work/teacher/epoch_{epoch}.pth'
        assert stages[f'anchor{number}']['param_scheduler']['milestones'] == [15, 30, 45]
    assert stages['teacher']['param_scheduler']['milestones'] == [60, 120, 180]


def test_students_learn_how_maps_flow_before_they_learn_the_label():
    stages = stages_of('kd/fsp_cifar100')
    teacher, hint, student = (stage['model'] for stage in stages.values())
    assert [stage['train_cfg']['max_epochs'] for stage in stages.values()] == [240, 30, 240]
    assert [model['nodes']['net']['network']['backbone']['depth'] for model in (teacher, hint, student)] == [
        110,
        32,
        32,
    ]
    assert [set(model['edges']) for model in (teacher, hint, student)] == [
        {'label->net'}, {'teacher->net'}, {'label->net'}
    ]  # fmt: skip
    assert hint['edges']['teacher->net']['loss']['type'] == 'FSP'
    assert hint['nodes']['teacher']['checkpoint'] == 'work/teacher/epoch_240.pth'
    assert student['nodes']['net']['checkpoint'] == 'work/hint/epoch_30.pth' and set(student['nodes']) == {'net'}


def test_an_assistant_stands_between_teacher_and_student():
    stages = stages_of('kd/ta_fashion_mnist_3000')
    depths = [stages[name]['model']['nodes']['net']['network']['backbone']['depth'] for name in stages]
    assert depths == [20, 14, 8]
    assert [stages[name]['model']['nodes'].get('teacher', {}).get('checkpoint') for name in stages] == [
        None, 'work/teacher/epoch_32.pth', 'work/assistant/epoch_32.pth'
    ]  # fmt: skip
    overlay = CONFIGS / '_base_' / 'graphs' / 'no_assistant.py'
    plain = load_config(CONFIGS / 'kd' / 'ta_fashion_mnist_3000.py', overlays=[overlay])
    teacher, student = (stage.config for stage in resolve_stages(plain, 'work'))
    assert student['model']['nodes']['teacher']['checkpoint'] == 'work/teacher/epoch_32.pth'
    assert student['model']['nodes']['net'] == stages['student']['model']['nodes']['net']
    assert teacher['model'] == stages['teacher']['model']


# A ResNet in the place of a DenseNet.


def plain_student(graph):
    """The student on its own: mmpretrain's classifier with the graph's weights, first and last layer frozen."""
    config = stages_of('born_again/ban_resnet_digits')['gen1']['model']['nodes']['net']['network']
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        network = MODELS.build(config).double()
    network.load_state_dict(graph.nodes['net'].network.state_dict())
    for layer in SHARED:
        network.get_submodule(layer).requires_grad_(False)
    return network.train()


def test_a_born_again_resnets_first_and_last_layers_are_its_teachers(toys, tmp_path):
    graph, optim_wrapper = build(toys, tmp_path, 'born_again/ban_resnet_digits', 'gen1')
    student, teacher = (graph.nodes[name].network for name in ('net', 'teacher'))
    with torch.no_grad():
        student.head.fc.weight.div_(50)  # the toys' heads are that much larger, and this one is of two nodes
    assert type(student.backbone).__name__ == 'BornAgainResNet' and type(teacher.backbone).__name__ == 'CIFARDenseNet'
    before = toys.state(graph)
    alone = plain_student(graph)
    optimizer = torch.optim.SGD(
        [p for p in alone.parameters() if p.requires_grad], LEARNING_RATE, MOMENTUM, weight_decay=DECAY, nesterov=True
    )
    for step, progress in enumerate(PROGRESS):
        data = toys.batch(seed=step, side=8)
        with torch.no_grad():
            told = teacher.eval()(data['inputs']).softmax(1)
        optimizer.zero_grad()
        taught = alone.head.fc(alone.extract_feat(data['inputs'])[0])
        (-(told * taught.log_softmax(1)).sum() / len(taught)).backward()
        optimizer.step()
        graph.progress = progress
        graph.train_step(data, optim_wrapper)
    state = graph.state_dict()
    for layer in SHARED:
        for what, weight in student.get_submodule(layer).named_parameters():
            own, others = (state[f'nodes.{name}.network.{layer}.{what}'] for name in ('net', 'teacher'))
            assert torch.equal(own, others) and torch.equal(own, before[f'nodes.teacher.network.{layer}.{what}'])
            assert not weight.requires_grad
    for key, value in before.items():
        if key.startswith('nodes.teacher.'):
            assert torch.equal(state[key], value), key
    for key, value in alone.state_dict().items():
        torch.testing.assert_close(state[f'nodes.net.network.{key}'], value, rtol=1e-9, atol=1e-12)
    moved = [key for key in before if key.startswith('nodes.net.') and not torch.equal(state[key], before[key])]
    assert len(moved) > 20 and not any(layer in key for layer in SHARED for key in moved)


def test_what_learns_of_a_born_again_resnet(toys, tmp_path):
    graph, _ = build(toys, tmp_path, 'born_again/ban_resnet_digits', 'gen1')
    learning = {name for _, parameters in graph.parameter_groups() for name in map(id, parameters)}
    shared = [p for layer in SHARED for p in graph.nodes['net'].network.get_submodule(layer).parameters()]
    assert len(shared) == 3 and not learning & set(map(id, shared))
    own = sum(math.prod(p.shape) for p in graph.nodes['net'].network.parameters()) - sum(p.numel() for p in shared)
    assert own == sum(p.numel() for _, parameters in graph.parameter_groups() for p in parameters)
