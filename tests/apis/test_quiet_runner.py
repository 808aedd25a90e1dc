import pytest
from torch.utils.data import DataLoader

from ktg_mm.datasets.in_memory import images_in_memory
from ktg_mm.datasets.prefetch_loader import PrefetchLoader, one_ahead
from ktg_mm.datasets.shared_data import sharing_data
from ktg_mm.errors import ConfigError

SEED, PACK = dict(type='SeedRandom'), dict(type='PackInputs')
CROP, FLIP = dict(type='PadRandomCrop', crop_size=8, padding=2), dict(type='RandomFlip', prob=0.5)
DRAWN = {'train_dataloader.dataset.pipeline': [SEED, CROP, FLIP, PACK]}
IN_MEMORY = {f'{kind}_dataloader.in_memory': True for kind in ('train', 'val', 'test')}

AHEAD = {
    f'train_dataloader.{name}': value
    for name, value in dict(prefetch_to_device=True, num_workers=1, persistent_workers=True).items()
}


def weights(runner):
    return {name: value.tolist() for name, value in runner.model.state_dict().items()}


def losses(runner):
    history = runner.message_hub.log_scalars
    return {name: history[name].data[0].tolist() for name in history if 'loss' in name or 'accuracy' in name}


def test_a_run_on_images_in_memory_is_the_same(tiny_runner):
    runs, tests = [], []
    for number, changes in enumerate([{}, IN_MEMORY, {'train_dataloader.in_memory': False}]):
        runs.append(tiny_runner(DRAWN | changes, work_dir=f'run{number}'))
        runs[-1].train()
        tests.append(runs[-1].test())
    (first, second, third), expected = runs, losses(runs[0])
    assert len(set(expected['train/loss'])) == 4  # an entry each two of eight iterations
    for runner in (second, third):
        assert weights(runner) == weights(first) and losses(runner) == expected
    assert tests[0] == tests[1]
    assert hasattr(second.train_dataloader, 'images') and not hasattr(third.train_dataloader, 'images')


def test_a_run_is_resumed_on_images_in_memory(tiny_runner, tmp_path):
    whole = tiny_runner(DRAWN, work_dir='whole')
    whole.train()
    changes = DRAWN | {'default_hooks.checkpoint.max_keep_ckpts': -1}
    tiny_runner(changes).train()
    resumed = tiny_runner(changes | IN_MEMORY, work_dir='resumed', resume=str(tmp_path / 'run/epoch_1.pth'))
    resumed.train()
    assert weights(resumed) == weights(whole)


@pytest.fixture
def one_batch_ahead(monkeypatch):
    """On a CPU a batch is made ahead as on a GPU, and left where it is."""
    made = []

    def ahead(loader):
        return one_ahead(made.append(batch) or batch for batch in DataLoader.__iter__(loader))

    monkeypatch.setattr(PrefetchLoader, '__iter__', ahead)
    return made


def test_a_run_with_batches_made_ahead_is_the_same(tiny_runner, one_batch_ahead):
    changes = DRAWN | AHEAD
    whole = tiny_runner(changes | {'train_dataloader.prefetch_to_device': False}, work_dir='whole')
    whole.train()
    assert not one_batch_ahead
    ahead = tiny_runner(changes, work_dir='ahead')
    ahead.train()
    assert isinstance(ahead.train_dataloader, PrefetchLoader) and len(one_batch_ahead) == 8
    assert weights(ahead) == weights(whole) and losses(ahead) == losses(whole)


def test_a_batch_made_ahead_is_not_lost_at_an_interrupt(tiny_runner, tmp_path, one_batch_ahead, monkeypatch):
    changes = DRAWN | AHEAD | {'default_hooks.checkpoint.interval': 1}
    whole = tiny_runner(changes | {'train_dataloader.prefetch_to_device': False}, work_dir='whole')
    whole.train()
    interrupted, steps = tiny_runner(changes), []
    step = interrupted.model.train_step

    def train_step(*args, **kwargs):
        steps.append(1)
        if len(steps) == 6:  # within the second of two epochs, one batch is made ahead
            raise KeyboardInterrupt
        return step(*args, **kwargs)

    monkeypatch.setattr(interrupted.model, 'train_step', train_step)
    with pytest.raises(KeyboardInterrupt):
        interrupted.train()
    resumed = tiny_runner(changes, work_dir='resumed', resume=str(tmp_path / 'run/epoch_1.pth'))
    resumed.train()
    assert weights(resumed) == weights(whole)


def test_runs_of_a_search_have_the_images_in_common(tiny_runner):
    images = []
    with sharing_data():
        for number in range(2):
            runner = tiny_runner(IN_MEMORY | {'train_cfg.max_epochs': 1}, work_dir=f'run{number}')
            runner.train()
            images.append((runner.train_dataloader.images, runner.val_dataloader.images))
    assert images[0][0] is images[1][0] and images[0][1] is images[1][1]


@pytest.mark.parametrize('kind', ['train', 'val'])
def test_images_that_have_no_room_name_their_loader(tiny_runner, kind, monkeypatch):
    monkeypatch.setattr(images_in_memory, 'free_memory', lambda device: 7)
    runner = tiny_runner({f'{kind}_dataloader.in_memory': True})
    with pytest.raises(ConfigError, match=rf'^{kind}_dataloader\.dataset: needs 0 MiB in the memory of cpu'):
        runner.train()


def test_a_checkpoint_is_told_of_once(tiny_runner, tmp_path, capsys):
    tiny_runner({'train_cfg.max_epochs': 1}).train()
    path = tmp_path / 'run' / 'epoch_1.pth'
    capsys.readouterr()
    tiny_runner(work_dir='tested', load_from=str(path), trains=False).test()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f' - INFO - Load checkpoint from {path}')


def test_what_a_run_prints(tiny_runner, tmp_path, capsys):
    tiny_runner().train()
    printed = capsys.readouterr().out
    (log,) = (tmp_path / 'run').glob('20*/*.log')
    kept = log.read_text()
    for text in ('System environment:', 'Config:\n', 'Hooks will be', 'FileClient', 'Exp name', 'Saving checkpoint'):
        assert text in kept
        assert text not in printed
    assert 'Initialization information' in kept
    lines = [line for line in printed.splitlines() if ' - mmengine - ' in line]
    assert lines == printed.splitlines()
    assert [line.split(' - ')[-1].split('  ')[0] for line in lines] == ['epoch 1/2', 'epoch 2/2']
    assert 'Epoch(train)' in kept and 'Epoch(val)' in kept
