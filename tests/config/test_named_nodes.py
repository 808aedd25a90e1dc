"""What a config says of nodes that its graph has lost."""

import copy

import ktg_mm.evaluation
import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import without_absent

CONFIG = dict(
    optim_wrapper=dict(optimizer=dict(lr=0.1), paramwise_cfg=dict(nodes=dict(a=dict(lr=1), b=dict(lr=2)))),
    val_evaluator=dict(type='NodeMetric', nodes=['a', 'b', 'c']),
    test_evaluator=[dict(type='NodeMetric', nodes=['c']), dict(type='NodeMetric')],
    train_cfg=dict(max_epochs=1),
)


def graph(names: str, learning: str) -> dict:
    """A graph of networks; those that do not learn are frozen."""
    network = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))
    frozen = {name: dict(allow_random=True) for name in names if name not in learning}
    return dict(
        target='a',
        nodes={name: dict(type='NetworkNode', network=network, **frozen.get(name, {})) for name in names},
        edges={f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in learning},
    )


def test_absent_nodes_are_left_out_and_the_rest_is_untouched() -> None:
    before = copy.deepcopy(CONFIG)
    changed = without_absent(CONFIG, graph('ab', learning='a'))
    assert before == CONFIG
    assert changed['optim_wrapper'] == dict(optimizer=dict(lr=0.1), paramwise_cfg=dict(nodes=dict(a=dict(lr=1))))
    assert changed['val_evaluator']['nodes'] == ['a', 'b']
    assert changed['test_evaluator'] == [dict(type='NodeMetric', nodes=None), dict(type='NodeMetric')]
    assert changed['train_cfg'] is CONFIG['train_cfg']


def test_where_all_are_there_nothing_changes() -> None:
    assert without_absent(CONFIG, graph('abc', learning='abc')) == CONFIG
    assert without_absent({'train_cfg': {}}, graph('a', learning='a')) == {'train_cfg': {}}


def test_a_metric_of_pairs_goes_with_the_last_pair() -> None:
    accuracy, pairs = dict(type='NodeMetric'), dict(type='DiversityMetric')
    chosen = [dict(pairs, nodes=nodes, prefix=''.join(nodes)) for nodes in (['a', 'b'], ['b', 'c'], ['c', 'd'])]
    config = dict(val_evaluator=[accuracy, pairs, *chosen])
    assert without_absent(config, graph('abcd', learning='abcd')) == config
    two = without_absent(config, graph('ab', learning='ab'))['val_evaluator']
    assert two == [accuracy, pairs, chosen[0]]
    assert without_absent(config, graph('a', learning='a'))['val_evaluator'] == [accuracy]
