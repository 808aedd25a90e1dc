"""DOT out of its overlay, against the trainer of the paper (Zhao et al., ICCV 2023) written directly in float64."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from ktg_mm.apis.config import load_config
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor

CONFIGS = Path(__file__).parents[3] / 'configs'
HINT = """
model = dict(edges={'net2->net1:hint': dict(loss=dict(type='FitNets'), weight=10.0)})
"""
RATE, MOMENTUM, DELTA, DECAY = 0.1, 0.9, 0.075, 5e-4


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    return mmpretrain_scope


def build(toys, tmp_path, config, hint):
    """The graph of a config with small networks, and its optimisers."""
    (tmp_path / 'hint.py').write_text(HINT)
    overlays = [*([tmp_path / 'hint.py'] if hint else []), CONFIGS / '_base_/updates/dot.py']
    cfg = load_config(CONFIGS / config, overlays=overlays).to_dict()
    model, wrapper = cfg['model'], cfg['optim_wrapper']
    assert wrapper.pop('constructor') == 'NodeOptimWrapperConstructor'
    nodes = dict(net1=toys.node(), net2=toys.node(allow_random=True))
    graph = toys.build(nodes, model['edges'], model['target'], update=model['update'])
    return graph, NodeOptimWrapperConstructor(wrapper)(graph)


def outputs(network, images):
    """Logits, and the map of the second stage."""
    backbone = network.backbone
    middle = backbone.layer2(backbone.layer1(F.relu(backbone.bn1(backbone.conv1(images)))))
    return network.head.fc(backbone.layer3(middle).mean((2, 3))), middle


def regressed(part, x):
    x = F.conv2d(x, part['0.0.weight'], part['0.0.bias'])
    mean = x.mean((0, 2, 3), keepdim=True)
    var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    scale, shift = (part[f'0.1.{name}'][:, None, None] for name in ('weight', 'bias'))
    return F.relu((x - mean) / (var + 1e-5).sqrt() * scale + shift)


def kl(told, taught, temperature=2.0):
    p, q = (told / temperature).softmax(1), (taught / temperature).softmax(1)
    return temperature**2 * (p * (p.log() - q.log())).sum(1).mean()


@pytest.mark.parametrize('hint', [False, True], ids=['logits', 'logits and a hint'])
@pytest.mark.parametrize('config', ['kd/kd_fashion_mnist_3000.py', 'kd/kd_cifar100.py'])
def test_steps(toys, tmp_path, config, hint):
    graph, wrapper = build(toys, tmp_path, config, hint)
    twin, twin_wrapper = build(toys, tmp_path, config, hint)
    del twin_wrapper
    student, teacher = (twin.nodes[name].network for name in ('net1', 'net2'))
    part = dict(twin.edges['net2->net1:hint'].losses[0].regressors.named_parameters()) if hint else {}
    parameters = dict(student.named_parameters()) | part
    v_ce, v_kd, v_one = ({} for _ in range(3))
    for seed in range(5):
        data = toys.batch(seed=seed)
        graph.train_step(data, wrapper)
        (logits, middle), (told, hinted) = outputs(student, data['inputs']), outputs(teacher, data['inputs'])
        ce, kd = F.cross_entropy(logits, toys.labels_of(data)), kl(told.detach(), logits)
        if hint:
            kd = kd + 10 * ((regressed(part, middle) - hinted.detach()) ** 2).mean()
        found = [
            torch.autograd.grad(loss, list(parameters.values()), retain_graph=True, allow_unused=True)
            for loss in (ce, kd)
        ]
        with torch.no_grad():
            for (name, theta), g_ce, g_kd in zip(parameters.items(), *found, strict=True):
                if g_ce is None:  # it gets one of the gradients alone
                    assert name in part
                    v_one[name] = MOMENTUM * v_one.get(name, 0.0) + g_kd + DECAY * theta
                    theta -= RATE * v_one[name]
                    continue
                v_ce[name] = (MOMENTUM - DELTA) * v_ce.get(name, 0.0) + g_ce + DECAY * theta
                v_kd[name] = (MOMENTUM + DELTA) * v_kd.get(name, 0.0) + g_kd
                theta -= RATE * (v_ce[name] + v_kd[name])
    assert len(v_one) == len(part) and v_ce.keys() == v_kd.keys()
    torch.testing.assert_close(graph.state_dict(), twin_state(graph, twin), rtol=1e-9, atol=1e-12)


def twin_state(graph, twin):
    """Without the running statistics of the regression, which the formula has not."""
    running = {name: value for name, value in graph.state_dict().items() if 'regressors' in name and 'running' in name}
    counted = {name: value for name, value in graph.state_dict().items() if 'regressors' in name and 'num_b' in name}
    return twin.state_dict() | running | counted
