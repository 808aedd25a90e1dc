"""A validation that a killed run did not reach is made up for."""

import pytest


class KilledError(Exception):
    pass


@pytest.mark.parametrize('epoch', [1, 2])
def test_a_missed_validation_is_made_up_for(tiny_runner, monkeypatch, epoch):
    killed = tiny_runner()
    validate = []

    def die(*args):
        validate.append(killed.epoch)
        if killed.epoch == epoch:
            raise KilledError

    killed._train_loop = killed.build_train_loop(killed._train_loop)
    killed._val_loop = killed.build_val_loop(killed._val_loop)
    run = killed._val_loop.run
    monkeypatch.setattr(killed._val_loop, 'run', lambda: die() or run())
    with pytest.raises(KilledError):
        killed.train()
    assert validate[-1] == epoch

    resumed = tiny_runner(resume=True)
    resumed._val_loop = resumed.build_val_loop(resumed._val_loop)
    epochs = []
    run_again = resumed._val_loop.run
    monkeypatch.setattr(resumed._val_loop, 'run', lambda: epochs.append(resumed.epoch) or run_again())
    resumed.train()
    assert epochs == list(range(epoch, 3))


def test_a_fresh_run_validates_after_its_epochs_alone(tiny_runner, monkeypatch):
    runner = tiny_runner()
    runner._val_loop = runner.build_val_loop(runner._val_loop)
    epochs = []
    run = runner._val_loop.run
    monkeypatch.setattr(runner._val_loop, 'run', lambda: epochs.append(runner.epoch) or run())
    runner.train()
    assert epochs == [1, 2]
