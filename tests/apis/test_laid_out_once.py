import mmengine.config.config as module
import pytest
from mmengine.config import Config

from ktg_mm.apis import build_runner
from ktg_mm.apis.laid_out_once import laid_out_once
from ktg_mm.mmengine_private import set_aside


@pytest.fixture
def texts(monkeypatch):
    """Those that are laid out."""
    found, lay_out = [], module.FormatCode
    monkeypatch.setattr(module, 'FormatCode', lambda text, **options: found.append(text) or lay_out(text, **options))
    return found


def test_equal_texts_are_laid_out_once_and_look_as_ever(texts):
    configs = [dict(a=dict(b=[1] * 60, c=c)) for c in (1, 1, 2)]
    before = [Config(config).pretty_text for config in configs]
    assert len(texts) == 3
    for _ in range(2):
        with laid_out_once():
            assert [Config(config).pretty_text for config in configs] == before
    assert len(texts) == 3 + 2 * 2


def test_it_ends_with_an_error(texts):
    kept = module.FormatCode
    with pytest.raises(ValueError), laid_out_once():
        assert module.FormatCode is not kept
        raise ValueError
    assert module.FormatCode is kept


def test_a_run_lays_its_config_out_once(texts, tiny_config, tmp_path):
    cfg = tiny_config()
    set_aside(cfg, format_python_code=True)
    build_runner(cfg, tmp_path / 'run', rehearsal=False)
    assert len(texts) == 1
    (copy,) = (tmp_path / 'run').glob('*.py')
    (log,) = (tmp_path / 'run').glob('20*/*.log')
    (curves,) = (tmp_path / 'run').glob('20*/vis_data/config.py')
    assert curves.read_text() in log.read_text() and curves.read_text() in copy.read_text()
