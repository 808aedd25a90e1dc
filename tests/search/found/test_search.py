"""Searches from Python; how trials end is tested with the worker."""

import mmengine.config.config
import pytest

from ktg_mm.apis import build_graph, get_config, search
from ktg_mm.apis.check_config import check_config
from ktg_mm.errors import ConfigError, UserError

OPTIONS = {
    'train_dataloader.dataset.indices': 32,
    'train_dataloader.batch_size': 16,
    'val_dataloader.dataset.indices': 30,
    'train_cfg.max_epochs': 1,
}


@pytest.fixture(autouse=True)
def quick_dump(monkeypatch):
    monkeypatch.setattr(mmengine.config.config, 'FormatCode', lambda code, **options: (code, True))


@pytest.fixture
def cfg():
    """Two networks: a trial takes a second."""
    cfg = get_config('search/ktg_3node_digits', OPTIONS)
    cfg.model.nodes.pop('net3')
    cfg.model.edges = {key: edge for key, edge in cfg.model.edges.items() if 'net3' not in key}
    cfg.search.space = {'model.edges.*.gate': cfg.search.space['model.edges.*.gate']}
    return cfg


@pytest.mark.slow
def test_the_best_graph_of_a_config_that_was_changed(cfg, tmp_path):
    """What is found goes on with what was searched with, not with the file that it was read from."""
    cfg.search.pop('retrain')
    before = cfg.to_dict()
    result = search(cfg, tmp_path, trials=2)
    assert cfg.to_dict() == before
    best = result.study.best_trial
    assert (result.trial, result.score, len(result.study.trials)) == (best.number, best.value, 2)
    assert result.metrics == {'net1/accuracy/top1': best.value}
    assert result.file == tmp_path / f'best_trial{best.number}.py' and str(result).endswith(str(result.file))
    assert result.config.train_cfg.max_epochs == 1 and result.config.train_dataloader.dataset.indices == 32
    check_config(result.config)
    graph = build_graph(result.config)
    assert set(graph.nodes) <= {'net1', 'net2'}
    more = search(cfg, tmp_path, trials=3)  # goes on
    assert len(more.study.trials) == 3 and more.score >= result.score


def test_the_config_for_the_whole_training_set_is_the_base(cfg, tmp_path):
    result = search(cfg, tmp_path, trials=1)
    assert result.config.train_cfg.max_epochs == 30 and 'indices' not in result.config.train_dataloader.dataset
    assert 'net3' not in result.config.model.nodes


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            {'search': None},
            r'^search: is missing; a config to search over has search=dict\(',
        ),
        ({'search.space': {'model.edgs.*.gate': ['a']}}, r"^search\.space\['model\.edgs\.\*\.gate'\]"),
        ({'search.retrain': 'none.py'}, r'^search\.retrain: must be the path of a config'),
    ],
)
def test_mistakes_are_exceptions(cfg, tmp_path, changes, message):
    for key, value in changes.items():
        whole, _, name = key.rpartition('.')
        (cfg[whole] if whole else cfg)[name] = value
    with pytest.raises(ConfigError, match=message):
        search(cfg, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('trials', [0, -1, 2.5, True, '3'])
def test_trials_that_are_no_number(cfg, tmp_path, trials):
    with pytest.raises(ConfigError, match=r'^trials: must be a whole number, at least 1, got '):
        search(cfg, tmp_path, trials)


def test_a_study_that_cannot_be_reached(cfg, tmp_path):
    with pytest.raises(UserError, match=r'^--storage'):
        search(cfg, tmp_path, 1, storage='nonsense')
