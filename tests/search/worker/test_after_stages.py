"""The stages before the one that is searched over are trained once."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from mmengine.runner import Runner

from ktg_mm.apis import load_config
from ktg_mm.checkpoints import is_whole
from ktg_mm.config.stages import STAGES, as_last_stage
from ktg_mm.search.worker.after_stages import after_stages, stages_folder

CONFIG = Path(__file__).parents[3] / 'configs/born_again/ban_digits.py'
OPTIONS = {'train_cfg.max_epochs': 1, 'param_scheduler.end': 1, 'train_dataloader.dataset.indices': 64}


def config(**options: Any) -> dict[str, Any]:
    return as_last_stage(load_config(CONFIG, OPTIONS | options))


def test_they_are_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    train = Runner.train
    monkeypatch.setattr(Runner, 'train', lambda self: (begun.append(Path(self.work_dir)), train(self))[1])
    run = after_stages(config(), tmp_path)
    folder = stages_folder(config(), tmp_path)
    assert begun == [folder / 'gen0', folder / 'gen1'] and STAGES not in run
    assert run['model']['nodes']['teacher']['checkpoint'] == f'{folder}/gen1/epoch_1.pth'
    assert (folder / 'gen1/epoch_1.pth').is_file() and 'test_dataloader' in run
    assert after_stages(config(), tmp_path) == run and len(begun) == 2
    shutil.rmtree(folder / 'gen1')  # of a worker that has died
    assert after_stages(config(), tmp_path) == run and begun[2:] == [folder / 'gen1']
    # A checkpoint that is gone or damaged, of a stage that is finished; the last graph takes gen0's network, too.
    (folder / 'gen1/epoch_1.pth').unlink()
    (whole := folder / 'gen0/epoch_1.pth').write_bytes(whole.read_bytes()[:1000])
    assert after_stages(config(), tmp_path) == run and begun[3:] == [folder / 'gen0', folder / 'gen1']
    assert is_whole(whole) and is_whole(folder / 'gen1/epoch_1.pth') and (folder / 'gen0/finished.json').exists()
    assert after_stages(config(), tmp_path) == run and len(begun) == 5


def test_another_recipe_has_stages_of_its_own(tmp_path: Path) -> None:
    assert stages_folder(config(), tmp_path) == stages_folder(config(log_level='ERROR'), tmp_path)
    for options in ({'train_cfg.max_epochs': 2}, {'randomness.seed': 1}, {'stages.0.optim_wrapper.optimizer.lr': 1.0}):
        assert stages_folder(config(**options), tmp_path) != stages_folder(config(), tmp_path)
    # Else a search might lack the checkpoints that another one had no use for.
    for name, value in dict(interval=5, save_begin=2, max_keep_ckpts=-1, filename_tmpl='after_{}.pth').items():
        options = {f'default_hooks.checkpoint.{name}': value}
        assert stages_folder(config(**options), tmp_path) != stages_folder(config(), tmp_path)
    last = {'stages.2.optim_wrapper.optimizer.lr': 1.0}  # what trials vary
    assert stages_folder(config(**last), tmp_path) == stages_folder(config(), tmp_path)


def test_a_config_without_stages_is_its_own(tmp_path: Path) -> None:
    cfg = dict(model=dict(nodes=dict()))
    assert after_stages(cfg, tmp_path) == cfg and not list(tmp_path.iterdir())
