"""What a config says of nodes that its graph has lost."""

import copy

from ktg_mm.search.named_nodes import without_absent

CONFIG = dict(
    optim_wrapper=dict(optimizer=dict(lr=0.1), paramwise_cfg=dict(nodes=dict(a=dict(lr=1), b=dict(lr=2)))),
    val_evaluator=dict(type='NodeMetric', nodes=['a', 'b', 'c']),
    test_evaluator=[dict(type='NodeMetric', nodes=['c']), dict(type='NodeMetric')],
    train_cfg=dict(max_epochs=1),
)


def test_absent_nodes_are_left_out_and_the_rest_is_untouched() -> None:
    before = copy.deepcopy(CONFIG)
    changed = without_absent(CONFIG, learning=['a'], present=['a', 'b'])
    assert before == CONFIG
    assert changed['optim_wrapper'] == dict(optimizer=dict(lr=0.1), paramwise_cfg=dict(nodes=dict(a=dict(lr=1))))
    assert changed['val_evaluator']['nodes'] == ['a', 'b']
    assert changed['test_evaluator'] == [dict(type='NodeMetric', nodes=None), dict(type='NodeMetric')]
    assert changed['train_cfg'] is CONFIG['train_cfg']


def test_where_all_are_there_nothing_changes() -> None:
    assert without_absent(CONFIG, 'abc', 'abc') == CONFIG
    assert without_absent({'train_cfg': {}}, '', '') == {'train_cfg': {}}
