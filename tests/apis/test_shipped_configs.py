from pathlib import Path

import pytest

from ktg_mm.apis import get_config, list_configs
from ktg_mm.errors import UserError

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_all_experiments_are_listed():
    names = list_configs()
    assert names == sorted(
        str(path.relative_to(CONFIGS))[:-3] for path in CONFIGS.rglob('*.py') if '_base_' not in str(path)
    )
    assert len(names) > 150 and list_configs('afd/*digits') == ['afd/afd_2node_digits'] and list_configs('none/*') == []


def test_one_is_loaded_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {'train_cfg.max_epochs': 3}
    cfg = get_config('ktg/ens_3node_digits', options, overlays=['configs/_base_/edges/independent.py'])
    assert cfg.train_cfg.max_epochs == 3 and set(cfg.model.edges) == {f'label->net{i}' for i in (1, 2, 3)}


def test_a_name_that_is_none():
    with pytest.raises(UserError, match=r"'ktg/ens_3node_digit'; did you mean 'ktg/ens_3node_digits'\?"):
        get_config('ktg/ens_3node_digit')
