"""Kills a training run at random moments, resumes it each time, and compares its end with that of one left alone.

    python tests/kills/training.py --kills 30

One of three kills is SIGKILL, of all its processes; the others ask it to end (SIGTERM, SIGINT). A loop over epochs, one
over iterations, one over epochs of branches with an ensemble that learns, adapters and a memory, one of networks and
discriminators with two optimisers, and one of three stages take turns: when one has come to its end, the next begins.
Ends with status 0 if all runs end with the same weights, memories, momentum and schedules, bit by bit, in each stage.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests/integration')]

from conftest import SEMI_SUPERVISED, Tools, started_tools  # noqa: E402

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
EPOCHS = f"""
_base_ = [{str(ROOT / 'configs/ktg/ens_3node_digits.py')!r}]
train_dataloader = dict(batch_size=16, dataset=dict(indices=160), num_workers=1, persistent_workers=True)
train_cfg = dict(max_epochs=15)
param_scheduler = dict(end=15)
"""
BRANCHES = f"""
_base_ = [{str(ROOT / 'configs/multi_branch/okddip_digits.py')!r}]
train_dataloader = dict(batch_size=16, dataset=dict(indices=160), num_workers=1, persistent_workers=True)
train_cfg = dict(max_epochs=10)
param_scheduler = dict(end=10)
model = dict(
    edges={{
        'net1->net2:hint': dict(loss=dict(type='FitNets')),
        'leader->net3:contrast': dict(loss=dict(type='CRD', num_samples=160, num_negatives=64)),
    }}
)
"""
ADVERSARIES = f"""
_base_ = [{str(ROOT / 'configs/afd/afd_2node_digits.py')!r}]
train_dataloader = dict(batch_size=16, dataset=dict(indices=160), num_workers=1, persistent_workers=True)
train_cfg = dict(max_epochs=12, val_interval=4)
param_scheduler = dict(logits=dict(end=12), features=dict(milestones=[4, 8]))
"""
STAGES = f"""
_base_ = [{str(ROOT / 'configs/born_again/ban_digits.py')!r}]
train_dataloader = dict(batch_size=16, dataset=dict(indices=160), num_workers=1, persistent_workers=True)
train_cfg = dict(max_epochs=4)
param_scheduler = dict(end=4)
"""
ITERATIONS = """
train_dataloader.update(num_workers=1, persistent_workers=True)
train_cfg = dict(max_iters=300, val_interval=100)
param_scheduler = dict(end=300)
default_hooks = dict(checkpoint=dict(interval=100))
"""


def end_of(folder: Path) -> dict[str, Any]:
    """What a run has come to, or each of its stages."""
    if (folder / 'stages.json').exists():
        return {path.name: end_of(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    (path,) = (path for path in folder.glob('*.pth') if not path.name.startswith('best'))
    checkpoint = torch.load(path, weights_only=True)
    return {key: checkpoint[key] for key in ('state_dict', 'optimizer', 'param_schedulers')} | dict(name=path.name)


def is_same(first: Any, second: Any) -> bool:
    """Whether two trees of plain values and tensors are equal bit by bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(is_same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(is_same, first, second))
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and first.numpy().tobytes() == second.numpy().tobytes()
    return first == second


class Course:
    """A kind of run: how it ends when left alone, and where it stands when it is not."""

    def __init__(self, tools: Tools, folder: Path, text: str) -> None:
        folder.mkdir()
        self.tools, self.folder, self.config, self.finished = tools, folder, folder / 'config.py', 0
        self.config.write_text(text)
        begun = time.monotonic()
        tools.run('train.py', self.config, '--work-dir', folder / 'alone')
        self.duration, self.expected = time.monotonic() - begun, end_of(folder / 'alone')

    def go_on(self, number: int | None, share: float) -> bool:
        """Goes on from the newest checkpoint until a signal after a share of a run's time; returns whether it hit.

        Raises:
            AssertionError: If a run that has come to its end differs from one left alone, or ends otherwise than it
                should.
        """
        work_dir = self.folder / str(self.finished)
        pid = self.tools.start('train.py', self.config, '--work-dir', work_dir, '--resume')
        if number is not None:
            time.sleep(share * self.duration)
            if not self.tools.has_ended(pid):
                (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
        process = self.tools.wait(pid)
        assert 'Traceback' not in process.stderr, process.stderr
        if process.returncode:
            assert process.returncode == (-number if number == signal.SIGKILL else 130), process.stderr
            return True
        assert is_same(end_of(work_dir), self.expected), f'{work_dir}: differs'
        assert not list(work_dir.rglob('earlier'))
        again = self.tools.run('train.py', self.config, '--work-dir', work_dir, '--resume')
        assert again.stdout.count(' is finished; its last checkpoint is ') == len(list(work_dir.rglob('finished.json')))
        self.finished += 1
        return False


def main() -> None:
    """Trains alone, then with kills, and compares."""
    parser = argparse.ArgumentParser(description='Kills a training run, and compares its end with another.')
    parser.add_argument('--kills', type=int, default=30, help='how many; default: 30')
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments; default: 0')
    args = parser.parse_args()
    rng, kills, start = np.random.default_rng(args.seed), Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / 'tools').mkdir()
        tools = stack.enter_context(started_tools(folder / 'tools'))
        texts = (EPOCHS, SEMI_SUPERVISED.format(configs=ROOT / 'configs') + ITERATIONS, BRANCHES, ADVERSARIES, STAGES)
        courses = [Course(tools, folder / f'course_{i}', text) for i, text in enumerate(texts)]
        while kills.total() < args.kills:
            course = min(courses, key=lambda course: course.finished)
            number = SIGNALS[rng.integers(len(SIGNALS))]
            if course.go_on(number, rng.uniform(0.1, 0.6)):
                kills[number.name] += 1
        for course in courses:
            while course.go_on(None, 0):
                pass
    by_signal = ', '.join(f'{count} {how}' for how, count in sorted(kills.items()))
    finished = sum(course.finished for course in courses)
    print(f'{by_signal}; {finished} runs came to their end, all with the same bits ({time.monotonic() - start:.0f} s)')


if __name__ == '__main__':
    main()
