import pytest
from mmengine.config import Config

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.retrain_base import retrain_base


@pytest.fixture
def files(tmp_path):
    """A search config in a folder, which inherits the one in another that says ``retrain``."""
    below, above = tmp_path / 'a/base.py', tmp_path / 'b/search.py'
    for file in (below, above):
        file.parent.mkdir()
    (tmp_path / 'a/full.py').touch()
    (tmp_path / 'b/full.py').touch()
    below.write_text("search = dict(trials=1, retrain='full.py')\n")
    above.write_text("_base_ = ['../a/base.py']\nsearch = dict(trials=2)\n")
    return below, above


def test_relative_to_the_file_that_says_it(tmp_path, files):
    below, above = files
    assert retrain_base(Config.fromfile(above), [above]) == tmp_path / 'a/full.py'
    above.write_text("_base_ = ['../a/base.py']\nsearch = dict(retrain='full.py')\n")
    assert retrain_base(Config.fromfile(above), [above]) == tmp_path / 'b/full.py'
    assert retrain_base(Config.fromfile(above), [above, below]) == tmp_path / 'a/full.py'  # an overlay says it last


def test_none():
    assert retrain_base(Config(dict(search=dict(trials=1))), ['x.py']) is None


def test_a_file_that_is_missing(tmp_path, files):
    (tmp_path / 'a/full.py').unlink()
    with pytest.raises(ConfigError, match=rf'must be the path of a config, relative to {tmp_path}/a, got'):
        retrain_base(Config.fromfile(files[1]), [files[1]])
