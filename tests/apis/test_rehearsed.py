import pytest

from ktg_mm.apis import rehearsed as module
from ktg_mm.apis.part_errors import PartError
from ktg_mm.apis.rehearsal import _Rehearsal
from ktg_mm.apis.rehearsed import rehearsing_once

GATE = 'model.edges.net2->net1.gate'
OTHER = 'model.edges.net1->net2.gate'


@pytest.fixture
def rehearsals(monkeypatch):
    """The folders of the runs that were rehearsed."""
    found, go_through = [], _Rehearsal.run
    monkeypatch.setattr(_Rehearsal, 'run', lambda self: found.append(self.runner.work_dir) or go_through(self))
    return found


@pytest.fixture
def run(tiny_runner, rehearsals):
    """Whether a config is rehearsed."""
    folders = iter(map(str, range(99)))

    def build(**changes):
        before = len(rehearsals)
        tiny_runner(changes, work_dir=next(folders))
        return len(rehearsals) > before

    return build


def test_edges_that_have_passed_are_not_rehearsed_again(run):
    assert run() and run()  # nothing is kept outside
    with rehearsing_once():
        assert run() and not run()
        assert run(**{f'{GATE}.type': 'ThroughGate'})
        assert run(**{f'{OTHER}.type': 'CutoffGate'})
        # Each of the two has passed, though not with the other.
        assert not run(**{f'{GATE}.type': 'ThroughGate', f'{OTHER}.type': 'CutoffGate'})
        with rehearsing_once():
            assert not run()
    with rehearsing_once():
        assert run()


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('optim_wrapper.optimizer.lr', 0.01),
        ('train_dataloader.batch_size', 8),
        ('val_evaluator.metric.topk', (1, 2)),
        ('model.nodes.net2.network.backbone.base_channels', 2),
    ],
)
def test_whatever_else_changes_is_rehearsed(run, key, value):
    if key.endswith('channels'):
        changes = {key: value, 'model.nodes.net2.network.head.in_channels': 8}
    else:
        changes = {key: value}
    with rehearsing_once():
        run()
        assert run(**changes) and not run(**changes)


def test_what_has_failed_has_not_passed(run):
    wrong = {'model.nodes.net2.network.head.in_channels': 17}
    with rehearsing_once():
        for _ in range(2):
            with pytest.raises(PartError, match='in_channels is 17'):
                run(**wrong)
        assert run()


def test_an_object_may_look_like_another(tiny_config):
    cfg = tiny_config()
    assert module._edges(cfg)
    cfg.train_dataloader.dataset.pipeline = [*cfg.train_dataloader.dataset.pipeline, print]
    assert not module._edges(cfg)
