import re

import pytest

from ktg_mm.engine.hooks import RunSummaryHook


@pytest.fixture
def said(tiny_runner, capsys):
    """What the hook says of a run that trains."""

    def train(changes=None, **options):
        runner = tiny_runner(changes, **options)
        runner.register_hook(RunSummaryHook())
        capsys.readouterr()
        runner.train()
        printed = capsys.readouterr().out
        (text,) = re.findall(r' - (data: .*(?:\n  .*){3})\n', printed)
        assert printed.index('data: ') < printed.index(' loss ')
        return text

    return train


def test_a_run_and_one_that_goes_on(said, tmp_path):
    data = 'data: 64 samples to train on, 32 to validate on'
    end = f'  device: cpu\n  folder: {tmp_path / "run"}'
    assert said({'train_cfg.max_epochs': 1}) == f'{data}\n  schedule: 1 epoch of 4 batches of 16; SGD\n{end}'
    schedule = '  schedule: 2 epochs of 4 batches of 16; SGD; from epoch 2'
    assert said(resume=True, resume_changed=True) == f'{data}\n{schedule}\n{end}'


def test_iterations_without_validation(said, iteration_config):
    nothing = dict.fromkeys(('val_dataloader', 'val_evaluator', 'val_cfg'))
    iteration_config['train_cfg'].pop('val_interval')
    text = said({**iteration_config, **nothing, 'default_hooks.checkpoint.save_best': None})
    assert text.startswith('data: 128 samples to train on\n  schedule: 6 batches of 16; SGD\n')
