import json

import pytest
from mmengine.config import Config

from ktg_mm.apis.stage_seed import keep_seed
from ktg_mm.errors import UserError


def kept(folder, seed, begins):
    keep_seed(cfg := Config(dict(randomness=dict(seed=seed, deterministic=True))), folder, begins)
    assert cfg.randomness.deterministic
    return cfg.randomness.seed


def test_a_run_that_begins_notes_its_seed(tmp_path):
    assert kept(tmp_path, 3, begins=True) == 3
    assert json.loads((tmp_path / 'stages.json').read_text()) == dict(seed=3)
    assert kept(tmp_path, 4, begins=True) == 4  # begins anew
    assert kept(tmp_path, 9, begins=False) == 4


def test_one_without_a_seed_draws_it(tmp_path):
    seed = kept(tmp_path, None, begins=True)
    assert isinstance(seed, int) and kept(tmp_path, None, begins=False) == seed


def test_one_that_goes_on_before_its_beginning(tmp_path):
    assert kept(tmp_path, 3, begins=False) == 3


@pytest.mark.parametrize('text', ['{}', '{"seed": "3"}', '[', '[3]'])
def test_a_note_that_is_none(tmp_path, text):
    (tmp_path / 'stages.json').write_text(text)
    with pytest.raises(UserError, match=r'stages.json: is not what a run writes.*without --resume it begins anew'):
        kept(tmp_path, 3, begins=False)
