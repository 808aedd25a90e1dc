import json

import pytest

from ktg_mm.config.training_recipe import recipe_changes, training_recipe


def changes(before, now, **options):
    return recipe_changes(training_recipe(before), training_recipe(now, **options))


def cfg(**entries):
    loader = dict(batch_size=16, num_workers=2, dataset=dict(type='A', data_root='a', pipeline=[dict(type='B', p=1)]))
    return dict(
        model=dict(edges={'a->b': dict(gate=dict(type='LinearGate'))}),
        train_dataloader=loader,
        train_cfg=dict(max_epochs=3, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=[dict(type='MultiStepLR', milestones=(1, 2))],
        work_dir='a',
        **entries,
    )


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda c: c['model']['edges']['a->b']['gate'].update(type='CutoffGate'),
         {'model.edges.a->b.gate.type': "'LinearGate' -> 'CutoffGate'"}),
        (lambda c: c['model']['edges'].update({'b->a': {}}), {'model.edges.b->a': 'none -> {}'}),
        (lambda c: c['model'].pop('edges'), {'model.edges': "{'a->b': {'gate': {'type': 'LinearGate'}}} -> none"}),
        (lambda c: c['train_dataloader'].update(batch_size=8), {'train_dataloader.batch_size': '16 -> 8'}),
        (lambda c: c['train_dataloader']['dataset'].update(indices=9),
         {'train_dataloader.dataset.indices': 'none -> 9'}),
        (lambda c: c['train_dataloader']['dataset']['pipeline'][0].update(p=0.5),
         {'train_dataloader.dataset.pipeline[0].p': '1 -> 0.5'}),
        (lambda c: c['train_cfg'].update(max_epochs=4), {'train_cfg.max_epochs': '3 -> 4'}),
        (lambda c: c['optim_wrapper']['optimizer'].update(lr=0.2), {'optim_wrapper.optimizer.lr': '0.1 -> 0.2'}),
        (lambda c: c['param_scheduler'][0].update(milestones=(1,)),
         {'param_scheduler[0].milestones': '[1, 2] -> [1]'}),
        (lambda c: c['model'].update(text='x' * 100), {'model.text': f"none -> '{'x' * 56}..."}),
    ],
)  # fmt: skip
def test_what_changes_the_weights_is_named(change, expected):
    now = cfg()
    change(now)
    assert changes(cfg(), now) == expected


@pytest.mark.parametrize(
    'change',
    [
        lambda c: c.update(work_dir='b', randomness=dict(seed=3), val_dataloader={}),
        lambda c: c['train_dataloader'].update(num_workers=0, persistent_workers=True, pin_memory=True, in_memory=True),
        lambda c: c['train_dataloader']['dataset'].update(data_root='b'),
        lambda c: c['train_cfg'].update(val_interval=5, val_begin=2),
        lambda c: c['param_scheduler'][0].update(milestones=[1, 2]),
        lambda c: c['train_cfg'].update(max_epochs=3.0),
    ],
)
def test_what_changes_no_weight_is_not(change):
    now = cfg()
    change(now)
    assert changes(cfg(), now) == {}


def test_the_number_of_processes_changes_the_batch():
    assert changes(cfg(), cfg(), processes=2) == {'processes': '1 -> 2'}


def test_objects_are_written_without_their_address():
    first, second = (training_recipe(dict(model=dict(a=dict, b=lambda: 1, c=object()))) for _ in range(2))
    assert first == second
    assert json.loads(first)['model']['a'] == 'dict'
