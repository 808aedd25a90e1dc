"""Which names at the top of a config are read."""

from pathlib import Path

import pytest
from mmengine.config import Config

from ktg_mm.apis import load_config
from ktg_mm.apis.checks.names import check_names, printed_note
from ktg_mm.errors import ConfigError

BASE = """
network = dict(type='ImageClassifier')
train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=train_pipeline))
model = dict(type='KnowledgeTransferGraph', nodes=dict(net1=dict(network=network)))
"""


@pytest.fixture
def mistake(tmp_path: Path):
    """Loads a config that inherits BASE and returns what is said of its names, '' if they are all read."""

    def load(text: str, name: str = 'config.py', options=None, overlays=(), base="_base_ = 'base.py'\n") -> str:
        (tmp_path / 'base.py').write_text(BASE)
        (tmp_path / name).write_text(f'{base}{text}\n')
        cfg = load_config(tmp_path / name, options, overlays)
        try:
            check_names(cfg)
        except ConfigError as error:
            return str(error)
        return ''

    return load


@pytest.mark.parametrize(
    'text',
    [
        'train_cfg = dict(max_epochs=1)',
        'sync_bn = None\nsearch = dict(trials=2)\ncompile = False',
        'lr = 0.1\noptim_wrapper = dict(optimizer=dict(lr=lr))',
        'small = _base_.network\nmodel = dict(nodes=dict(net2=dict(network=small)))',
        'def make(size):\n    return dict(size=size)\n\nmodel = make(3)',
        'import math\nfrom pathlib import Path\nload_from = str(Path(str(math.pi)))',
        "for name in ('train', 'val'):\n    globals()[f'{name}_cfg'] = dict(type=name)",
        'sizes = [1, 2]\nmodel = dict(sizes=[2 * size for size in sizes])',
        'sizes = [1]\nsizes.append(2)',
        "scale = 2\nmodel = dict(size=eval('2 * scale'))",
        '_half = 0.5',
    ],
)
def test_names_that_are_read(mistake, text: str) -> None:
    assert mistake(text) == ''


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('resum = True', "resum: nothing reads it; did you mean 'resume'?"),
        ('train_cgf = dict(max_epochs=1)', "train_cgf: nothing reads it; did you mean 'train_cfg'?"),
        ("_bases_ = ['other.py']", "_bases_: nothing reads it; did you mean '_base_'?"),
        (
            'batch_size = 4',
            "batch_size: nothing reads it at the top of a config; did you mean 'train_dataloader.batch_size'?",
        ),
        (
            'warmup = 4\nwarmup = 2 * warmup',
            'warmup: nothing reads it, neither a part nor another entry; remove it, or put it into what is to read it',
        ),
        (
            'train_pipeline = [*_base_.train_pipeline]',
            'train_pipeline: nothing reads it: the inherited train_dataloader has taken the value of _base_ already; '
            'set train_dataloader.dataset.pipeline',
        ),
    ],
)
def test_names_that_nothing_reads(mistake, text: str, message: str) -> None:
    assert mistake(text) == message


def test_a_file_that_is_only_inherited_may_hold_values(mistake, tmp_path: Path) -> None:
    (tmp_path / 'networks.py').write_text('big = dict(depth=110)\nsmall = dict(depth=8)\n')
    assert mistake('model = dict(nodes=dict(net1=_base_.small))', base="_base_ = ['base.py', 'networks.py']\n") == ''
    (tmp_path / 'networks.py').write_text('small = dict(depth=8)\nresum = True\n')
    assert mistake('', base="_base_ = ['base.py', 'networks.py']\n").startswith('resum: ')
    (tmp_path / 'networks.py').write_text('train_cfg = dict(max_epochs=1)\ndepth = 8\n')
    assert mistake('', base="_base_ = ['base.py', 'networks.py']\n").startswith('depth: ')


@pytest.mark.parametrize('text', ["_base_['depth']", "_base_.get('depth')", '_base_.depth', 'dict(**_base_)["depth"]'])
def test_a_file_reads_a_name_of_its_base(mistake, tmp_path: Path, text: str) -> None:
    (tmp_path / 'below.py').write_text("_base_ = 'base.py'\ntrain_cfg = dict(max_epochs=1)\ndepth = 8\n")
    assert mistake(f'model = dict(depth={text})', base="_base_ = 'below.py'\n") == ''
    assert mistake('', base="_base_ = 'below.py'\n").startswith('depth: ')


def test_options_of_the_command_line(mistake) -> None:
    assert mistake('', options={'train_dataloader.batch_size': 3}) == ''
    line = mistake('', options={'train_pipeline.0.type': 'PackViews'})
    assert line == 'train_pipeline: set after all files have read it; set train_dataloader.dataset.pipeline'


def test_overlays(mistake, tmp_path: Path) -> None:
    over = tmp_path / 'over.py'
    over.write_text('train_cfg = dict(max_epochs=1)\ntrain_pipeline = []\n')
    assert mistake('', overlays=[over]).startswith('train_pipeline: nothing reads it')
    over.write_text('size = 3\nmodel = dict(size=size, network=_base_.network)\n')
    assert mistake('', overlays=[over]) == ''


def test_data_files_read_nothing(mistake) -> None:
    base = '_base_: base.py\n'
    assert mistake('train_cfg:\n  max_epochs: 1', name='config.yml', base=base) == ''
    assert mistake('epochs: 1', name='config.yml', base=base).startswith('epochs: nothing reads it')
    assert mistake('model:\n  size: {{ _base_.network }}', name='config.yml', base=base) == ''


def test_a_printed_config_is_one(tmp_path: Path) -> None:
    (tmp_path / 'config.py').write_text(f'{BASE}unused = dict(depth=8)\n')
    (tmp_path / 'above.py').write_text("_base_ = 'config.py'\n")
    above = load_config(tmp_path / 'above.py')
    with pytest.raises(ConfigError, match='unused: '):
        check_names(above)
    (tmp_path / 'config.py').write_text('unused = dict(depth=8)\n')
    (tmp_path / 'base.py').write_text(BASE)
    (tmp_path / 'above.py').write_text("_base_ = ['base.py', 'config.py']\n")
    above = load_config(tmp_path / 'above.py')
    check_names(above)
    assert printed_note(above) == '# Read by no part: unused\n'
    printed = tmp_path / 'printed.py'
    printed.write_text(printed_note(above) + above.pretty_text)
    check_names(load_config(printed))
    # What has gone into a part is not read again.
    printed.write_text(
        printed.read_text().replace("train_pipeline = [\n    dict(type='PackInputs'),\n]", 'train_pipeline = []')
    )
    with pytest.raises(ConfigError, match='train_pipeline: nothing reads it'):
        check_names(load_config(printed))


def test_a_config_without_a_file() -> None:
    check_names(Config(dict(model=1, helper=2)))
    with pytest.raises(ConfigError, match="resum: nothing reads it; did you mean 'resume'"):
        check_names(Config(dict(model=1, resum=2)))
