"""The budget: passes of the target, counted."""

from pathlib import Path

import pytest

from ktg_mm.apis import load_config
from ktg_mm.apis.close_runner import close_runner
from ktg_mm.benchmark.budget import (
    Cost,
    is_paid_for,
    last_checkpoint,
    learner,
    lengths,
    measure,
    run_configs,
    with_lengths,
)
from ktg_mm.benchmark.rows import read_rows
from ktg_mm.errors import ConfigError
from ktg_mm.shipped import shipped


def config_of(name):
    return load_config(f'{shipped("configs")}/{name}.py').to_dict()


@pytest.fixture(scope='module')
def digits():
    return read_rows('digits', epochs=8, options={'train_dataloader.dataset.indices': 100})[0]


@pytest.fixture(scope='module')
def fashion_mnist(miniatures, tmp_path_factory):
    return miniatures.write_fashion_mnist(tmp_path_factory.mktemp('fashion'), train=1000)


def cost(passes=64.0, images=640, batches=10):
    return Cost(images=images, steps=11, batches=batches, passes=passes, others=0, seconds=0.1)


def test_measure(digits):
    """64 images go through the target, which shares its trunk with three others that are asked as well."""
    found = measure(digits['one'].config)
    assert (found.images, found.steps, found.passes, found.others) == (100, 2, 64, 192)
    fused = measure(digits['ffl'].config)
    assert (fused.passes, fused.others) == (64, 64)  # the other branch; the fusion is no network
    assert found.batches == 100 / 64  # so an epoch is 100 passes
    assert found.seconds > 0
    few = read_rows('digits', ['independent'], options={'train_dataloader.dataset.indices': 20})[0]['independent']
    small = measure(few.config, steps=1)  # less than a batch
    assert (small.images, small.batches, small.passes) == (20, 1, 20)
    assert lengths([few.config], [small], 8, 'independent') == [8]
    kd = measure(digits['kd'].config, steps=0)  # its teacher's weights are nowhere yet
    assert (kd.passes, kd.others) == (64, 64)


def test_its_files_are_closed_before_their_folder_goes(digits, monkeypatch):
    """TensorBoard writes what it has left when it is closed."""
    seen = []

    def close(runner):
        seen.append(Path(runner.work_dir).is_dir())
        close_runner(runner)

    monkeypatch.setattr('ktg_mm.benchmark.budget.close_runner', close)
    measure(digits['kd'].config, steps=0)
    assert seen == [True]


@pytest.mark.parametrize(
    ('name', 'passes', 'others'),
    [
        ('supervised', 4, 0),  # labelled images alone
        ('fixmatch', 4 + 2 * 12, 0),  # labelled ones, and the others weak and strong; the average is not asked
        ('mean_teacher', 4 + 12, 12),  # the moving average says something, but does not learn
        ('mixmatch', 2 * 12 + 4 + 2 * 12, 0),  # two views to guess by, and all of them mixed
        ('vat', None, 0),
    ],
)
def test_measure_views(name, passes, others, fashion_mnist):
    """Each view of an image counts, and so do those that are made in the step."""
    config = config_of(f'semi/{name}_fashion_mnist_250')
    loader = config['train_dataloader']
    loader['dataset']['split_folder'] = None
    loader['dataset']['dataset'].update(data_root=str(fashion_mnist), train_size=500, val_size=100)
    loader['dataset']['num_labels'] = 40
    loader['batch_size'], loader['sampler'] = 4 if name == 'supervised' else 16, dict(loader['sampler'], labeled=4)
    loader['sampler']['unlabeled'] = 0 if name == 'supervised' else 12
    found = measure(config, steps=0)
    assert found.steps == found.batches == 1 and found.others == others
    assert found.passes == passes if passes else found.passes > 4 + 12 + 12


def test_learner(digits):
    assert learner(config_of('semi/fixmatch_fashion_mnist_250')['model']) == 'net1'
    assert learner(digits['ffm_cd'].config['model']) == 'leader'
    assert learner(digits['ffl'].config['model']) == 'net1'
    with pytest.raises(ConfigError, match=r"^model.target: 'fusion' must be a network that learns; "):
        learner(config_of('multi_branch/ffl_digits')['model'])


def test_who_pays(digits):
    """Generations are the target's kind; a larger teacher and an assistant are not."""

    def paid(name):
        runs = run_configs(digits[name].config)
        return [is_paid_for(run, runs[-1]) for run in runs]

    assert paid('independent') == [True]
    assert paid('ban') == [True] * 4
    assert paid('ta') == [False, False, True]
    assert paid('rco') == [False, True, True, True, True]


def test_lengths(digits):
    runs = {name: run_configs(row.config) for name, row in digits.items()}
    assert lengths(runs['kd'], [cost()], 8, 'kd') == [8]
    assert lengths(runs['kd'], [cost(passes=192)], 8, 'kd') == [2]  # three views
    assert lengths(runs['ban'], [cost()] * 4, 8, 'ban') == [2] * 4
    assert lengths(runs['ta'], [cost()] * 3, 8, 'ta') == [8, 8, 8]  # larger networks have a run of their own
    assert lengths(runs['rco'], [cost()] * 5, 8, 'rco') == [8, 2, 2, 2, 2]
    few = [config_of('semi/fixmatch_fashion_mnist_250')]
    assert lengths(few, [cost(passes=240, images=10_000, batches=1)], 36, 'fixmatch') == [1500]
    with pytest.raises(ConfigError, match=r'^--epochs: 3 is not enough for ban, which has 4 stages to pay for$'):
        lengths(runs['ban'], [cost()] * 4, 3, 'ban')


def test_with_lengths(digits):
    config = with_lengths(digits['ban_l'].config, [4, 4])
    first, last = run_configs(config)
    assert first['train_cfg'] == last['train_cfg'] == dict(by_epoch=True, max_epochs=4, val_interval=4)
    assert first['test_dataloader'] is None and last['test_dataloader'] is not None  # it is looked at once
    assert last['model']['nodes']['teacher']['checkpoint'] == 'stages/gen0/epoch_4.pth'
    (cifar,) = read_rows('cifar100', ['independent'])[0].values()
    shorter = with_lengths(cifar.config, [100])
    assert shorter['param_scheduler']['milestones'] == [30, 60, 90]
    assert last_checkpoint(shorter, Path('a')) == Path('a/epoch_100.pth')
    few = with_lengths(config_of('semi/fixmatch_fashion_mnist_250'), [750])
    assert few['train_cfg']['max_iters'] == few['train_cfg']['val_interval'] == few['param_scheduler']['end'] == 750
    assert last_checkpoint(few, Path('a')) == Path('a/iter_750.pth')
