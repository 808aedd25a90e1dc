"""The wheel alone, outside the checkout: trains, predicts and exports; what it has exported runs without it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import cv2
import pytest
import torch

from ktg_mm import __version__
from ktg_mm.datasets import Digits

REPOSITORY = Path(__file__).parents[2]
BUILT_FROM = 'configs ktg_mm tools LICENSE MANIFEST.in README.md pyproject.toml setup.cfg setup.py'.split()
NODES = ['net1', 'net2', 'ensemble']  # of ours, of mmpretrain's parts, and both

# net1 is a network of ours, net2 one of mmpretrain's.
CONFIG = """
_base_ = 'ktg_mm::dml/dml_3node_digits_100.py'
network = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=32, loss=dict(type='CrossEntropyLoss')),
)
model = dict(nodes=dict(net2=dict(_delete_=True, type='NetworkNode', network=network)))
"""

# What the command does, call by call, in one process; last the logits of the graph itself.
WITH_THE_WHEEL = f"""
import sys
from ktg_mm.command import main

def ktg(*words):
    sys.argv = ['ktg', *words]
    main()

checkpoint = 'work_dirs/mine/epoch_1.pth'
ktg('train', 'mine.py', '--cfg-options', 'train_cfg.max_epochs=1')
ktg('predict', 'mine.py', checkpoint, '3.png', '--out', 'said.csv')
for node in {NODES}:
    more = ['--onnx'] if node == 'ensemble' else []
    ktg('export_node', 'mine.py', checkpoint, '--node', node, '--out', node, *more)

import torch
from ktg_mm.apis import load_config
from ktg_mm.apis.prediction import load_graph

graph, _ = load_graph(load_config('mine.py'), checkpoint)
images = torch.load('images.pth')
with torch.no_grad():
    outputs = graph.eval().node_outputs(graph.data_preprocessor(dict(inputs=images))['inputs'])
torch.save({{node: outputs[node].logits for node in {NODES}}}, 'logits.pth')
"""

ALONE = f"""
import json, sys

class NoKTG:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'ktg_mm':
            raise ImportError('ktg_mm is not installed')

sys.meta_path.insert(0, NoKTG())
import onnxruntime
import torch
from mmpretrain.apis import get_model

images, expected, differences = torch.load('images.pth'), torch.load('logits.pth'), {{}}
for node in {NODES}:
    network = get_model(f'{{node}}/mine_{{node}}.py', f'{{node}}/mine_{{node}}.pth')
    with torch.no_grad():
        found = network(network.data_preprocessor(dict(inputs=images))['inputs'], mode='tensor')
    differences[node] = float((found - expected[node]).abs().max())
session = onnxruntime.InferenceSession('ensemble/mine_ensemble.onnx', providers=['CPUExecutionProvider'])
(found,) = session.run(['logits'], dict(images=images.float().numpy()))
differences['onnx'] = float((torch.from_numpy(found) - expected['ensemble']).abs().max())
assert 'ktg_mm' not in sys.modules
print(json.dumps(differences))
"""


@pytest.fixture(scope='module')
def python(tmp_path_factory):
    """The interpreter of an environment that has the wheel, and this one's libraries, but not the checkout."""
    folder = tmp_path_factory.mktemp('wheel')
    (folder / 'source').mkdir()
    for name in BUILT_FROM:
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, folder / 'source' / name)
    pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check']
    built = ['wheel', '--no-deps', '--no-build-isolation', '--no-index', '-w', folder, folder / 'source']
    subprocess.run([*pip, *built], check=True)
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder / 'venv'], check=True)
    python = folder / 'venv/bin/python'
    site = sysconfig.get_path('purelib', vars=dict(base=str(folder / 'venv'), platbase=str(folder / 'venv')))
    Path(site, 'libraries.pth').write_text(sysconfig.get_path('purelib'))  # whose own .pth files are not read
    (wheel,) = folder.glob('*.whl')
    subprocess.run([*pip, '--python', python, 'install', '--no-deps', '--no-index', wheel], check=True)
    return python


def run(folder: Path, *command: object) -> str:
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    done = subprocess.run([*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_is_enough_and_what_it_exports_needs_it_no_more(python, tmp_path):
    assert run(tmp_path, python.with_name('ktg'), '--version') == f'{__version__}\n'
    tools = Path(run(tmp_path, python, '-c', "from ktg_mm.shipped import shipped; print(shipped('tools'))").strip())
    assert {*tools.glob('*.sh'), *tools.glob('kubernetes/*')} == {
        tools / path.relative_to(REPOSITORY / 'tools')
        for pattern in ('*.sh', 'kubernetes/*.yaml')
        for path in (REPOSITORY / 'tools').glob(pattern)
    }
    (tmp_path / 'mine.py').write_text(CONFIG)
    digits = Digits(split='test', indices=16)
    images = [digits[i]['img'] for i in range(16)]
    torch.save(torch.stack([torch.from_numpy(image) for image in images])[:, None], tmp_path / 'images.pth')
    cv2.imwrite(str(tmp_path / '3.png'), images[3])
    said = run(tmp_path, python, '-c', WITH_THE_WHEEL)
    assert 'next: ktg test ' in said and str(REPOSITORY) not in said
    assert (tmp_path / 'said.csv').read_text().splitlines()[1].startswith('3.png,')
    differences = json.loads(run(tmp_path, python, '-c', ALONE).splitlines()[-1])
    assert all(differences[node] <= 1e-6 for node in NODES), differences
    assert differences['onnx'] <= 1e-4, differences
