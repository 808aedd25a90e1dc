"""What the tests get of a shipped config, which is read once, is what mmengine reads."""

import shutil

import pytest
from mmengine.config import Config
from quick_configs import CONFIGS


@pytest.mark.parametrize('name', ['ktg/ens_3node_digits.py', 'kd/kd_5teachers_dogs.py', 'born_again/dkpp_digits.py'])
def test_copies_of_what_is_read(name, tmp_path):
    shutil.copytree(CONFIGS, tmp_path / 'configs')  # where nothing is kept
    expected = Config.fromfile(tmp_path / 'configs' / name, lazy_import=False)
    for _ in range(2):
        config = Config.fromfile(CONFIGS / name, lazy_import=False)
        assert config.to_dict() == expected.to_dict()
        assert config.text == expected.text.replace(str(tmp_path / 'configs'), str(CONFIGS))
        config.model.nodes.clear()
