import pytest
from mmengine.evaluator import Evaluator

from ktg_mm.engine.hooks.asked_nodes_hook import asked_nodes
from ktg_mm.evaluation import NodeMetric


class Other(NodeMetric):
    """A metric of somebody's own, which may look at every node."""


@pytest.mark.parametrize(
    ('metrics', 'names'),
    [
        ([NodeMetric(nodes=['net2'])], ['net2']),
        ([NodeMetric(nodes=['net2']), NodeMetric(nodes=('net2', 'net1'))], ['net2', 'net1']),
        ([NodeMetric()], None),
        ([NodeMetric(nodes=['net2']), NodeMetric()], None),
        ([NodeMetric(nodes=['net2']), Other(nodes=['net2'])], None),
    ],
)
def test_who_is_asked_for(metrics, names):
    assert asked_nodes(Evaluator(metrics)) == names


def evaluated(runner, which):
    """The metrics of an evaluation, and how often each network ran in it."""
    runs = dict.fromkeys(runner.model.nodes, 0)
    found = {}

    def count(name):
        def hook(*_):
            runs[name] += 1

        return hook

    handles = [node.network.register_forward_hook(count(name)) for name, node in runner.model.nodes.items()]
    found = runner.val() if which == 'val' else runner.test()
    for handle in handles:
        handle.remove()
    return found, runs


@pytest.mark.parametrize('which', ['val', 'test'])
def test_nodes_of_no_metric_do_not_run(tiny_runner, which):
    """The others score the same, and a graph that is not evaluated predicts with all."""
    every, runs = evaluated(tiny_runner({'model.target': 'net1'}), which)
    assert all(runs.values())
    runner = tiny_runner({'model.target': 'net1', f'{which}_evaluator.nodes': ['net1']}, work_dir='one')
    found, runs = evaluated(runner, which)
    assert runs['net1'] and not runs['net2']
    scores = {name: value for name, value in found.items() if name.startswith('net')}
    assert scores == {name: every[name] for name in every if name.startswith('net1/')}
    assert runner.model.predicted is None


def test_the_target_and_what_it_is_of_are_never_left_out(tiny_runner):
    found, runs = evaluated(tiny_runner({'model.target': 'net1', 'val_evaluator.nodes': ['net2']}), 'val')
    assert all(runs.values()) and {name.partition('/')[0] for name in found if name.startswith('net')} == {'net2'}
