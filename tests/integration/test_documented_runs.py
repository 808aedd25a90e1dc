"""Every command of README and site, run as it stands there, on miniatures of the data; only if it is asked for.

    pytest -m long -n auto tests/integration/test_documented_runs.py    # some minutes

The data sets are made up, in their official layouts, with as many images as theirs, so that configs hold as they are.
What makes a command short: an epoch or an iteration of a single batch, four samples of it, one seed, one graph of a
search. Scripts that start several processes are run in one. A command's checkpoint goes by the name that a whole run
would have given it, and the teachers that a config asks for are trained before.
"""

import contextlib
import functools
import itertools
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from documented import (
    MADE,
    PAGES,
    REPOSITORY,
    as_a_script,
    blocks,
    commands,
    inline_commands,
    main_of,
    name_checkpoints,
    small_pictures,
)
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope
from mmpretrain.datasets import CIFAR10, CIFAR100
from torch.utils.data import DataLoader

from ktg_mm.apis import load_config
from ktg_mm.datasets import FashionMNISTFiles

pytestmark = pytest.mark.long

AT_ONCE = 20  # commands of tables and sentences
# What is not run here, by its first words, and why.
ELSEWHERE = {
    'pip': 'changes the environment; .ci/run and test_wheel.py install the package',
    'python3': 'likewise',
    'source': 'likewise',
    'pre-commit': 'likewise',
    'python -m': 'these tests themselves',
    'sphinx-build': '.ci/run builds the site',
    'tensorboard': 'a server of others',
    'optuna-dashboard': 'a server of others',
    'tools/slurm_': 'no cluster; test_slurm_array.py runs one with stand-ins',
    'python tools/ray_search.py': 'no cluster; test_ray_search.py has one of this machine',
    'python tools/download_dataset.py': 'no network; test_download.py runs it against a server of its own',
    'python tests/': 'tests that take an hour and are asked for by themselves',
    'docker': 'needs a daemon',
    'python tools/benchmarks/gpu.py': 'needs a GPU; test_gpu_command.py runs it on other commands',
    'python tools/benchmarks/step.py --capture': 'needs a GPU',
    'python tools/benchmarks/storage.py': 'needs PostgreSQL; test_storage_benchmark.py runs it on a file',
}
# A script that starts a tool in several processes, and that tool.
STARTED = {f'tools/dist_{name}.sh': f'tools/{name}.py' for name in ('train', 'test', 'search')}
SHORT = {
    'tools/retrain.py': ['--seeds', '1'],
    'tools/benchmark.py': ['--rows', 'independent', '--epochs', '1', '--seeds', '1'],
    'tools/search.py': ['--trials', '1'],
    'tools/benchmarks/step.py': ['--iterations', '2', '--batch-size', '16'],
    'tools/benchmarks/data.py': ['--images', '1000', '--repeats', '1'],
    'tools/benchmarks/workers.py': ['--repeats', '1', '--graphs', '2', '--epochs', '1'],
    'tools/benchmarks/asha.py': ['--orders', '2'],
    'tools/benchmarks/samplers.py': ['--repeats', '2'],
    'tools/benchmarks/startup.py': ['--repeats', '1', '--trials', '2'],
    'tools/benchmarks/search.py': ['--trials', '1', '--epochs', '1', '--workers', '1'],
    'tools/benchmarks/stack.py': ['--iterations', '1', '--batch-size', '2', '--graphs', '2'],
    'tools/benchmarks/cluster.py': ['--graphs', '20', '--seeds', '1'],
}
TRAIN = ('tools/train.py', 'tools/test.py', 'tools/retrain.py', 'tools/search.py', 'tools/benchmark.py')
OF_A_SEARCH = ('tools/plot_search.py', 'tools/export_graph.py')
PLACEHOLDERS = {'CONFIG', 'CHECKPOINT', 'PARTITION', 'NODE', 'DIR', 'TABLE', 'CURVES'}
# Teachers that are not of a config of their name.
TEACHERS = {
    'ens_3node_independent_fashion_mnist_3000': (
        'configs/ktg/ens_3node_fashion_mnist_3000.py',
        'configs/_base_/edges/independent.py',
    )
}
# What a page speaks of and has the reader do elsewhere.
BEFORE = {
    'docs/training.md': ['tools/train.py configs/ktg/ens_3node_digits.py'],
    'docs/predicting.md': ['tools/train.py configs/ktg/ens_3node_digits.py'],
    'docs/search.md': [
        'tools/search.py configs/search/ktg_3node_digits.py --trials 3',
        *(
            f'tools/export_graph.py configs/search/ktg_3node_digits.py --rank {rank} --out configs/ktg/{name}.py'
            for rank, name in enumerate(('first', 'second', 'third'), 1)
        ),
    ],
}


@pytest.fixture(scope='session')
def data(tmp_path_factory: pytest.TempPathFactory, miniatures: ModuleType) -> Iterator[Path]:
    """A folder ``data`` with all data sets."""
    root = tmp_path_factory.mktemp('documented') / 'data'
    miniatures.write_stanford_dogs(root / 'stanford_dogs', 100, 72, lists='lists')
    miniatures.write_stanford_cars(root / 'stanford_cars', 42, 41, num_classes=196)
    miniatures.write_cub(root / 'cub', 30, 30)
    miniatures.write_cinic10(root / 'cinic10', per_class=10)
    miniatures.write_food101(root / 'food101')
    miniatures.write_tiny_imagenet(root / 'tiny_imagenet', 500, 50)
    miniatures.write_caltech101(root / 'caltech101')
    miniatures.write_fgvc_aircraft(root / 'fgvc_aircraft')
    miniatures.write_oxford_pets(root / 'oxford_pets')
    miniatures.write_flowers102(root / 'flowers102')
    miniatures.write_sun397(root / 'sun397')
    miniatures.write_dtd(root / 'dtd')
    miniatures.write_fashion_mnist(root / 'fashion-mnist', 60_000, 10_000)
    miniatures.write_penn_treebank(root / 'penn_treebank', words=9_999)
    (root / 'text.txt').write_text(' '.join(f'word{i % 999}' for i in range(20_000)))
    for part, number in itertools.product(('train', 'val'), range(1000)):
        (root / 'imagenet' / part / f'n{number:08d}').mkdir(parents=True)
        name = f'n{number:08d}-Breed'
        image = next((root / 'stanford_dogs' / 'Images').glob('*/*.jpg'))
        (root / 'imagenet' / part / f'n{number:08d}' / f'{name}.JPEG').hardlink_to(image)
    with pytest.MonkeyPatch.context() as patch:
        for dataset, number in ((CIFAR10, 10_000), (CIFAR100, 50_000)):
            lists = miniatures.write_cifar(root / dataset.__name__.lower(), dataset, images_per_file=number)
            for name, value in lists.items():
                patch.setattr(dataset, name, value)
        read_once(patch)
        yield root


def read_once(patch: pytest.MonkeyPatch) -> None:
    """Keeps what data sets of many small images have read."""
    init, read = BaseDataset.full_init, {}

    def full_init(self: BaseDataset) -> None:
        key = type(self), getattr(self, 'split', None), self.serialize_data
        if type(self) not in (CIFAR10, CIFAR100, FashionMNISTFiles) or self._indices is not None:
            init(self)
        elif key in read:
            samples, packed = read[key]
            self.data_list, self._fully_initialized = list(samples), True
            vars(self).update(packed)
        else:
            init(self)
            names = ('data_bytes', 'data_address') if self.serialize_data else ()
            read[key] = list(self.data_list), {name: getattr(self, name) for name in names}

    patch.setattr(BaseDataset, 'full_init', full_init)


def single_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets every loader give one batch, of four samples: the first and the last ones of what it would give."""
    init, iterate = DataLoader.__init__, DataLoader.__iter__

    @functools.wraps(init)  # whose arguments are those that a config may give
    def without_workers(self: DataLoader, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs | dict(num_workers=0, persistent_workers=False, prefetch_factor=None))

    monkeypatch.setattr(DataLoader, '__init__', without_workers)
    monkeypatch.setattr(DataLoader, '__len__', lambda self: 1)
    monkeypatch.setattr(DataLoader, '__iter__', lambda self: (few(one) for one in itertools.islice(iterate(self), 1)))


def few(batch: Any) -> Any:
    if isinstance(batch, dict):
        return {key: few(value) for key, value in batch.items()}
    if isinstance(batch, torch.Tensor):
        return torch.cat([batch[:2], batch[-2:]]) if len(batch) > 4 else batch
    return [*batch[:2], *batch[-2:]] if len(batch) > 4 else batch


@pytest.mark.parametrize(
    ('page', 'part'),
    [
        (page, part)
        for page in PAGES
        if page != 'CONTRIBUTING.md'
        for part in range(0, 1 + len(list(inline_commands(page))), AT_ONCE)
    ],
)
def test_commands(
    page: str, part: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Each ends as it should; those after one that does not are run all the same."""
    for name in ('configs', 'tests/data', 'tools'):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns('__pycache__'))
    (tmp_path / 'data').symlink_to(data)
    monkeypatch.chdir(tmp_path)
    for made, base in MADE.items():
        if base:
            Path(made).write_text(f"_base_ = ['../../{base}']\n")
    failed, last, text = [], {}, (REPOSITORY / page).read_text()
    of_blocks = itertools.chain(BEFORE.get(page, ()), block_commands(page)) if not part else ()
    for words in itertools.chain(of_blocks, itertools.islice(inline_commands(page), part, part + AT_ONCE)):
        words = ['python', *words.split()] if isinstance(words, str) else as_a_script(words)
        if words[0] in STARTED:  # without the number of processes
            words = ['python', STARTED[words[0]], *(word for word in words[1:] if not word.isdigit())]
        if PLACEHOLDERS & set(words) or any(' '.join(words).startswith(first) for first in ELSEWHERE):
            continue
        assert words[0] == 'python', words
        if page.startswith('docs/reproduction/') and takes_up_another_row(words):
            continue
        if '...' in words:  # what the command before it says
            words = [*last[words[1]], *words[words.index('...') + 1 :]]
        last[words[1]] = words
        try:
            run(words, page, monkeypatch)
        except (Exception, SystemExit):
            said = capsys.readouterr()
            failed.append('\n'.join([' '.join(words), traceback.format_exc(limit=-3), said.err[-2000:]]))
        DefaultScope._instance_dict.clear()
        drop_checkpoints(text)
    shutil.rmtree('work_dirs', ignore_errors=True)
    assert not failed, '\n\n'.join([f'{len(failed)} failed', *failed])


def takes_up_another_row(words: Sequence[str]) -> bool:
    """Whether a row of a table needs checkpoints or the study of another one; tests of the tools run such commands."""
    _, tool, *arguments = words
    made = tool == 'tools/train.py' and not Path(arguments[0]).exists()
    return made or tool in OF_A_SEARCH or any(word.startswith('work_dirs/') for word in arguments)


def block_commands(page: str) -> Iterator[list[str]]:
    """The commands of a page's blocks; what they need of its other blocks, files and scripts, is done between them."""
    for block in blocks(page):
        if block.language == 'shell':
            yield from commands(block.text)
        elif block.kind == 'file':
            Path(block.about).write_text(block.text)
        elif not block.kind:
            exec(compile(block.text, page, 'exec'), dict(__name__='__main__'))


def run(words: Sequence[str], page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name_checkpoints(' '.join(words))
    _, tool, *arguments = itertools.chain.from_iterable(sorted(glob(word)) or [word] for word in words)
    if tool == '-c':
        exec(compile(arguments[0], page, 'exec'), {})
        return
    options: dict[str, Any] = {}
    for config in configs(arguments):
        options |= short(config)
        train_teachers(config, monkeypatch)
    if tool in TRAIN + OF_A_SEARCH and options:
        said = {word.split('=')[0] for word in arguments}
        given = [f'{key}={value}' for key, value in options.items() if key not in said]
        if '--cfg-options' in arguments:
            place = arguments.index('--cfg-options') + 1
            arguments[place:place] = given
        else:
            arguments += ['--cfg-options', *given]
    call(tool, [*arguments, *(() if '--trials' in arguments else SHORT.get(tool, ()))], monkeypatch)
    name_checkpoints((REPOSITORY / page).read_text())


def drop_checkpoints(text: str) -> None:
    """Removes what no other command will look for: large networks fill a disk."""
    for folder in Path('work_dirs').glob('*'):
        if folder.name not in text and not list(Path('configs').rglob(f'{folder.name}.py')):
            shutil.rmtree(folder)


def call(tool: str, arguments: Iterable[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if tool.startswith('tools/benchmarks/'):
        subprocess.run([sys.executable, REPOSITORY / tool, *arguments], check=True, stdout=subprocess.DEVNULL)
        return
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    with contextlib.ExitStack() as stack:
        if '--help' in arguments:
            stack.enter_context(contextlib.suppress(SystemExit))
        if tool in TRAIN:
            single_batches(stack.enter_context(monkeypatch.context()))
        main_of(tool)()


def configs(arguments: Sequence[str]) -> Iterator[Config]:
    """Each config of a command, with its overlays."""
    named = [word for word in arguments if re.match(r'configs/\S+\.py', word)]
    overlays = []
    if '--with' in arguments:
        overlays = list(itertools.takewhile(named.__contains__, arguments[arguments.index('--with') + 1 :]))
    for number, word in enumerate(word for word in named if word not in overlays):
        if Path(word.split('+')[0]).exists():
            yield load_config(word, overlays=[] if number else overlays)


def short(config: Config) -> dict[str, Any]:
    """What trains a config for a single batch, of images a quarter as wide if they are photographs."""
    options = small_pictures(config)
    parts = {'': config} | {f'stages.{i}.': stage for i, stage in enumerate(config.get('stages') or ())}
    for prefix, part in parts.items():
        loop, schedules = part.get('train_cfg') or {}, part.get('param_scheduler') or ()
        begins = [one.get('begin', 0) for one in (schedules if isinstance(schedules, list) else [schedules]) if one]
        for key in ('max_epochs', 'max_iters'):
            if key in loop:
                options[f'{prefix}train_cfg.{key}'] = 1 + max(begins, default=0)
        if 'val_interval' in loop:
            options[f'{prefix}train_cfg.val_interval'] = 1
    if ((config.get('search') or {}).get('hook') or {}).get('pruner'):
        options['search.hook.pruner.min_resource'] = 1
    return options


def train_teachers(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains those whose checkpoints a config names, if no command has."""
    text = str(config.to_dict())
    for name in sorted(set(re.findall(r'work_dirs/([\w+]+)/(?:epoch|iter)_\d+\.pth', text))):
        if not Path('work_dirs', name).exists():
            path, *overlays = TEACHERS.get(name) or map(str, Path('configs').glob(f'*/{name}.py'))
            teacher = load_config(path, overlays=overlays)
            train_teachers(teacher, monkeypatch)
            given = [f'{key}={value}' for key, value in short(teacher).items()]
            laid_over = ['--with', *overlays] if overlays else []
            call(
                'tools/train.py',
                [path, *laid_over, '--work-dir', f'work_dirs/{name}', '--cfg-options', *given],
                monkeypatch,
            )
    name_checkpoints(text)
