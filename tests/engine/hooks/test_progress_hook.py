import pytest


def progress_of(runner):
    """Trains; returns the graph's progress at each iteration."""
    values = []
    train_step = runner.model.train_step

    def recording_step(*args, **kwargs):
        values.append(float(runner.model.progress))
        return train_step(*args, **kwargs)

    runner.model.train_step = recording_step
    runner.train()
    return values


def test_progress_goes_from_one_step_to_one(tiny_runner):
    assert progress_of(tiny_runner()) == [k / 8 for k in range(1, 9)]


def test_progress_by_iteration(tiny_runner, iteration_config):
    assert progress_of(tiny_runner(iteration_config)) == [k / 6 for k in range(1, 7)]


def test_progress_right_after_a_resume(tiny_runner, tmp_path):
    tiny_runner({'train_cfg.max_epochs': 1}).train()
    assert progress_of(tiny_runner(resume=True, resume_changed=True)) == [k / 8 for k in range(5, 9)]


def test_progress_reaches_the_gate(tiny_runner):
    runner = tiny_runner({'train_cfg.max_epochs': 1, 'default_hooks.logger.interval': 1})
    runner.train()
    logged = runner.message_hub.get_scalar('train/gate/net1->net2').data[0]
    assert logged.tolist() == pytest.approx([1 / 4, 2 / 4, 3 / 4, 4 / 4])
