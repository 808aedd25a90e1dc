"""Running stages: one after another, resumed in the right one, checked before the first one begins."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.apis import load_config
from ktg_mm.apis.stages import StagedRun, check_stages, keep_config, named_stage_errors, one_stage, run_folder
from ktg_mm.config.stages import resolve_stages, stage_seed
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.mmengine_private import set_aside

CONFIGS = Path(__file__).parents[2] / 'configs'
SHORT = {
    'train_cfg.max_epochs': 1,
    'param_scheduler.end': 1,
    'train_dataloader.dataset.indices': 64,
    'log_level': 'ERROR',
}


def config(options: dict[str, Any] | None = None) -> Config:
    """Three generations, one epoch of one batch each."""
    cfg = load_config(CONFIGS / 'born_again/ban_digits.py', {**SHORT, **(options or {})})
    set_aside(cfg, format_python_code=False)  # half of such a short run's time
    return cfg


def two(options: dict[str, Any] | None = None) -> Config:
    """The first two of them."""
    cfg = config(options)
    cfg.stages = cfg.stages[:2]
    return cfg


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)['state_dict']


def same(first: Path, second: Path) -> bool:
    one, other = weights(first), weights(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all stages."""
    folder = tmp_path_factory.mktemp('stages') / 'run'
    StagedRun(config(), folder).train()
    return folder


@pytest.fixture
def copied(trained: Path) -> Callable[..., Path]:
    """The run of all stages, of which some have not begun; it stays in its place, which is a part of its recipe."""
    kept = trained.with_name('kept')
    if not kept.exists():
        shutil.copytree(trained, kept)

    def copy(*without: str) -> Path:
        shutil.rmtree(trained)
        shutil.copytree(kept, trained)
        for name in without:
            shutil.rmtree(trained / name)
        return trained

    return copy


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders of the runs that have trained."""
    names = []
    train = Runner.train
    monkeypatch.setattr(Runner, 'train', lambda self: (names.append(Path(self.work_dir).name), train(self))[1])
    return names


def test_a_generation_has_the_weights_of_the_one_before(trained: Path) -> None:
    first, second, third = (weights(trained / f'gen{i}/epoch_1.pth') for i in range(3))
    for name, value in first.items():
        if name.startswith('nodes.net.'):
            assert torch.equal(value, second[name.replace('.net.', '.teacher.')])
            assert torch.equal(value, third[name.replace('.net.', '.first.')])
    assert all(
        torch.equal(second[name], third[name.replace('.net.', '.teacher.')]) for name in first if 'nodes' in name
    )
    assert not torch.equal(first['nodes.net.network.head.fc.weight'], second['nodes.net.network.head.fc.weight'])


def test_the_folder_holds_the_whole_config(trained: Path) -> None:
    whole = load_config(trained / 'ban_digits.py')
    assert whole.to_dict() == config().to_dict()
    assert resolved(whole, trained) == resolved(config(), trained)


def test_no_password_in_the_whole_config(tmp_path: Path) -> None:
    keep_config(cfg := config({'search': dict(storage='postgresql://me:secret@host/database')}), tmp_path)
    path = tmp_path / 'ban_digits.py'
    assert 'secret' in cfg.search.storage and 'secret' not in path.read_text()
    text = f'# by hand\n{path.read_text()}'
    path.write_text(text)
    keep_config(load_config(path), tmp_path)
    assert path.read_text() == text


def resolved(cfg: Config, folder: Path) -> list[dict[str, Any]]:
    return [stage.config for stage in resolve_stages(cfg, folder)]


def test_each_stage_has_a_seed_of_its_own(trained: Path) -> None:
    seeds = [torch.load(trained / f'gen{i}/epoch_1.pth', weights_only=True)['meta']['seed'] for i in range(3)]
    assert seeds == [stage_seed(0, number) for number in range(3)]


def test_what_is_finished_is_skipped(copied: Callable[..., Path], begun: list[str], capsys: Any) -> None:
    folder = copied()
    StagedRun(config(), folder, resume=True).train()
    lines = [line for line in capsys.readouterr().out.splitlines() if 'is finished' in line]
    assert lines == [
        f'{folder}/gen{i}: the stage is finished; its last checkpoint is {folder}/gen{i}/epoch_1.pth' for i in range(3)
    ]
    assert begun == []


def test_a_run_that_ended_between_two_stages(copied: Callable[..., Path], begun: list[str]) -> None:
    folder = copied('gen1', 'gen2')
    StagedRun(config(), folder, resume=True).train()
    assert begun == ['gen1', 'gen2']
    assert all(same(folder / f'gen{i}/epoch_1.pth', folder.with_name('kept') / f'gen{i}/epoch_1.pth') for i in range(3))


def test_a_resumed_run_keeps_its_seed(copied: Callable[..., Path]) -> None:
    folder = copied('gen2')
    StagedRun(config({'randomness.seed': 9}), folder, resume=True).train()
    assert same(folder / 'gen2/epoch_1.pth', folder.with_name('kept') / 'gen2/epoch_1.pth')


def test_a_run_without_a_seed_draws_one_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = two({'randomness.seed': None})
    monkeypatch.setattr(StagedRun, '_train', lambda self, stage, *rest: None)
    StagedRun(cfg, tmp_path).train()
    seed = json.loads((tmp_path / 'stages.json').read_text())['seed']
    assert cfg.randomness.seed == seed
    StagedRun(again := two({'randomness.seed': None}), tmp_path, resume=True).train()
    assert again.randomness.seed == seed


def test_a_new_run_has_no_stage_of_an_old_one(copied: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied()
    seed = (folder / 'stages.json').read_text()

    def killed(*args: Any, **kwargs: Any) -> None:
        assert (folder / 'stages.json').read_text() == seed  # which is that of checkpoints that are there
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(StagedRun, '_move', killed)
        StagedRun(config({'randomness.seed': 9}), folder).train()
    monkeypatch.setattr(StagedRun, '_train', lambda self, stage, *rest: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        StagedRun(config(), folder).train()
    assert not list(folder.glob('gen*/*.pth')) and not list(folder.glob('gen*/finished.json'))
    assert len(list(folder.glob('gen*/earlier/*/epoch_1.pth'))) == 3


@pytest.mark.slow
def test_a_stage_that_goes_on_makes_later_ones_begin_anew(copied: Callable[..., Path], begun: list[str]) -> None:
    folder = copied()
    changed = config({'stages.1.train_cfg.max_epochs': 2})
    with pytest.raises(UserError, match=r'gen1/epoch_1.pth: train_cfg.max_epochs: 1 -> 2; put it back'):
        StagedRun(changed, folder, resume=True).train()
    assert begun == []
    StagedRun(changed, folder, resume=True, resume_changed=True).train()
    assert begun == ['gen1', 'gen2']
    assert (folder / 'gen1/epoch_2.pth').exists()
    assert len(list((folder / 'gen2/earlier').glob('*/epoch_1.pth'))) == 1


@pytest.mark.slow
def test_from_a_checkpoint_of_a_stage(copied: Callable[..., Path], begun: list[str]) -> None:
    folder = copied()
    changed = config({'stages.1.train_cfg.max_epochs': 2})
    run = StagedRun(changed, folder, resume=str(folder / 'gen1/epoch_1.pth'), resume_changed=True)
    run.train()
    assert begun == ['gen1', 'gen2']
    with pytest.raises(UserError, match='is in the folder of none of the stages'):
        StagedRun(config(), folder, resume=str(folder / 'epoch_1.pth')).train()


def test_no_checkpoint_of_a_stage_that_begins_anew(copied: Callable[..., Path], begun: list[str]) -> None:
    folder = copied()
    path = folder / 'gen1/epoch_1.pth'
    longer = config({'stages.0.train_cfg.max_epochs': 2})
    with pytest.raises(UserError, match=r"^--resume .*/gen1/epoch_1.pth: stage 'gen0' before it has more to train"):
        StagedRun(longer, folder, resume=str(path), resume_changed=True).train()
    assert begun == [] and path.exists()


def test_from_the_good_checkpoint_before_a_damaged_one(
    copied: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied()
    good = folder / 'gen1/epoch_1.pth'
    good.with_name('epoch_2.pth').write_bytes(good.read_bytes()[:1000])
    seen: list[bool | str] = []
    monkeypatch.setattr(StagedRun, '_train', lambda self, stage, later, resume, summary: seen.append(resume))
    with pytest.raises(UserError, match=rf'epoch_2.pth: .*the newest good one is {good}: --resume {good}'):
        StagedRun(config(), folder, resume=True).train()
    StagedRun(config(), folder, resume=str(good)).train()
    assert seen == [True, str(good), True]


@pytest.mark.slow
def test_what_has_nothing_left_to_train_leaves_later_stages_alone(copied: Callable[..., Path]) -> None:
    folder = shutil.copytree(kept := copied(), kept.with_name('moved'))  # each stage's teacher lies elsewhere
    with pytest.raises(UserError, match=r'gen1/epoch_1.pth: model.nodes.teacher.checkpoint: '):
        StagedRun(config(), folder, resume=True).train()
    StagedRun(config(), folder, resume=True, resume_changed=True).train()
    assert not list(folder.glob('gen*/earlier'))
    assert all((folder / f'gen{i}/epoch_1.pth').exists() for i in range(3))


def test_the_weights_to_begin_with_are_the_first_stages(trained: Path, tmp_path: Path) -> None:
    seen = []
    from ktg_mm.apis import stages

    def build(cfg: Config, work_dir: str, launcher: str, load_from: str | None, *rest: Any, **more: Any) -> Any:
        seen.append(load_from)
        raise ConfigError('load_from', 'seen')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, 'build_runner', build)
        for number in (0, 1):
            stage = list(stages.resolve_stages(two(), tmp_path))[number]
            with pytest.raises(ConfigError):
                StagedRun(two(), tmp_path, load_from='a.pth')._train(stage, [], False, None)
    assert seen == ['a.pth', None]


def test_a_mistake_in_the_last_stage_is_told_before_the_first_begins(tmp_path: Path, begun: list[str]) -> None:
    cfg = config({'stages.2.model.edges.teacher->net.loss.temperature': -1})
    with pytest.raises(ConfigError, match=r"^stages\[2\]\.model\.edges\['teacher->net'\]\.loss\.temperature: "):
        StagedRun(cfg, tmp_path / 'run').train()
    assert begun == [] and not (tmp_path / 'run').exists()


def test_what_only_a_rehearsal_shows_is_told_before_the_first_stage_begins(tmp_path: Path, begun: list[str]) -> None:
    cfg = two()
    cfg.stages[1].default_hooks = dict(checkpoint=dict(save_best='student/accuracy/top1'))
    what = "no metric is named 'student/accuracy/top1'; known: "
    with pytest.raises(ConfigError, match=rf'^stages\[1\]\.default_hooks\.checkpoint\.save_best: {what}'):
        StagedRun(cfg, tmp_path / 'run').train()
    assert begun == [] and [path.name for path in (tmp_path / 'run').iterdir()] == ['.training.lock']


def test_one_stage_for_the_tools_of_one_run(tmp_path: Path) -> None:
    last = one_stage(config(), None, tmp_path)
    assert last.model.nodes.first.checkpoint == f'{tmp_path}/gen0/epoch_1.pth' and last.work_dir == f'{tmp_path}/gen2'
    assert list(one_stage(config(), 'gen0').model.nodes) == ['net']
    with pytest.raises(ConfigError, match=r"^--stage: no stage is named 'gen3'"):
        one_stage(config(), 'gen3')
    plain = Config(dict(model=dict()))
    assert one_stage(plain) is plain
    with pytest.raises(ConfigError, match=r'^--stage: the config has no stages'):
        one_stage(plain, 'gen0')


def test_mistakes_of_one_stage_have_the_key_of_the_whole_config() -> None:
    for name, key in [('gen1', 'stages[1].model.edges'), (None, 'stages[2].model.edges')]:
        with pytest.raises(ConfigError) as caught, named_stage_errors(config(), name):
            raise ConfigError('model.edges', 'is wrong')
        assert caught.value.key == key
    with pytest.raises(ConfigError, match=r'^model\.edges: '), named_stage_errors(Config(dict(model=dict()))):
        raise ConfigError('model.edges', 'is wrong')


def test_the_folder_of_a_run() -> None:
    assert run_folder(Config(dict(work_dir='a'))) == Path('a').absolute()
    assert run_folder(Config(dict(work_dir='a')), 'b') == Path('b').absolute()
    assert run_folder(config()) == Path('work_dirs/ban_digits').absolute()


def test_the_last_stage_may_be_left_to_others(tmp_path: Path) -> None:
    cfg = two({'stages.1.model.target': 'nobody'})
    check_stages(cfg, tmp_path, last=False)
    with pytest.raises(ConfigError, match=r'stages\[1\].model.target'):
        check_stages(cfg, tmp_path)
