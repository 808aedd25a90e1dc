"""Studies of another search."""

import pytest

from ktg_mm.errors import UserError
from ktg_mm.search import load_study, open_storage
from ktg_mm.search.study.study import create_study

SPACE = {'a': dict(choices=['x', 'y'])}
IDENTITY = dict(space=SPACE, recipe=dict(train_cfg=dict(max_epochs=3)), sampler=['RandomSampler', 0])


@pytest.fixture(params=['sqlite', 'journal'])
def storage(request, tmp_path):
    """Opens the same storage each time, as workers do."""
    url = dict(sqlite=f'sqlite:///{tmp_path}/a.db', journal=f'journal://{tmp_path}/a.log')[request.param]
    return lambda: open_storage(url)


def test_workers_share_a_study(storage):
    first = create_study(storage(), 'mine', ['maximize'], IDENTITY)
    first.ask()
    second = create_study(storage(), 'mine', ['maximize'], dict(reversed(IDENTITY.items())))
    assert len(second.trials) == 1
    create_study(storage(), 'other', ['minimize'], {**IDENTITY, 'space': {}})
    assert len(load_study(storage(), 'mine').trials) == 1


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (dict(directions=['minimize']), 'other metrics'),
        (dict(directions=['maximize', 'minimize']), 'other metrics'),
        (dict(identity={**IDENTITY, 'space': {'a': dict(choices=['x', 'z'])}}), 'another search space'),
        (
            dict(identity={**IDENTITY, 'recipe': dict(train_cfg=dict(max_epochs=4))}),
            'another base config (model, schedule, data or seed)',
        ),
        (
            dict(identity={**IDENTITY, 'sampler': ['RandomSampler', 1]}),
            'another sampler, seed of it, pretrain or enqueued graphs',
        ),
    ],
)
def test_a_study_of_another_search(storage, change, reason):
    mine = dict(directions=['maximize'], identity=IDENTITY)
    create_study(storage(), 'mine', **mine)
    with pytest.raises(UserError) as caught:
        create_study(storage(), 'mine', **{**mine, **change})
    assert str(caught.value) == (
        f'--study mine: the storage holds a study of this name with {reason}; give another name'
    )
    create_study(storage(), 'mine', **mine)  # the refused one has left nothing


def test_a_missing_study(storage):
    for known in ('none', 'mine', 'mine, other'):
        with pytest.raises(UserError) as caught:
            load_study(storage(), 'yours')
        assert str(caught.value) == f'--study yours: the storage has no study of this name; it has: {known}'
        create_study(storage(), 'mine' if known == 'none' else 'other', ['maximize'], IDENTITY)
