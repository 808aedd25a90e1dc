"""The config of a candidate's run."""

from pathlib import Path

from ktg_mm.search.worker.trial_config import trial_config

CONFIGS = Path(__file__).parents[3] / 'configs'


def validated(cfg):
    """After which epochs mmengine validates, read off its documented rule of intervals."""
    epochs = []
    for done in range(1, cfg.train_cfg.max_epochs + 1):
        interval = cfg.train_cfg.val_interval
        for start, changed in cfg.train_cfg.dynamic_intervals:
            if done + 1 >= start:
                interval = changed
        if done % interval == 0 or done == cfg.train_cfg.max_epochs:
            epochs.append(done)
    return epochs


def test_a_run_validates_at_the_rungs_and_sees_no_test_data(tmp_path, base):
    config = base(train_cfg__max_epochs=20)
    assert any(key.startswith('test_') for key in config)
    cfg = trial_config(config, dict(type='ASHAHook'), tmp_path / 'run')
    assert not any(key.startswith('test_') for key in cfg)
    assert 'test' not in [part.get('dataset', {}).get('split') for part in cfg.values() if isinstance(part, dict)]
    assert validated(cfg) == [1, 2, 4, 8, 16, 20]
    assert cfg.work_dir == str(tmp_path / 'run')
    assert cfg.default_hooks.checkpoint.save_best is None and cfg.default_hooks.checkpoint.max_keep_ckpts == 1
    assert [hook['type'] for hook in cfg.custom_hooks].count('ASHAHook') == 1
    assert 'ProgressBarHook' not in [hook['type'] for hook in cfg.custom_hooks]


def test_other_rungs_and_none(tmp_path, base):
    config = base(train_cfg__max_epochs=20)
    pruner = dict(type='SuccessiveHalvingPruner', min_resource=2, reduction_factor=3)
    assert validated(trial_config(config, dict(type='ASHAHook', pruner=pruner), tmp_path)) == [2, 6, 18, 20]
    assert validated(trial_config(config, None, tmp_path)) == [20]


def test_the_config_is_not_changed(tmp_path, base):
    config, untouched = base(), base()
    cfg = trial_config(config, dict(type='ASHAHook'), tmp_path)
    cfg.model.nodes.net1.network.backbone.depth = 14
    assert config == untouched
