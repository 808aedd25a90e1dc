"""A search by many workers whose training is made up, some of them killed; for ``storage.py``."""

import contextlib
import itertools
import json
import os
import random
import signal
import sys
import time
import zlib
from collections import Counter
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).parents[2] / 'configs/search/ktg_3node_digits.py'
_PATIENCE = 600  # seconds that a worker waits for the others to begin
_SIGNS = 2  # seconds between two signs of life; a lost trial is found after four times as long


def search(
    storage: str, study: str, folder: str, workers: int, trials: int, seconds: float, kills: int, heartbeat: int
) -> dict[str, Any]:
    """Searches, and looks what became of every graph.

    Args:
        storage: Address of the storage.
        study: Name of the study, a new one.
        folder: For the workers' files.
        workers: How many there are at a time, each a process.
        trials: Graphs to try.
        seconds: That a whole training takes.
        kills: How many workers are killed at random moments, each of which is replaced.
        heartbeat: Seconds between two signs of life; a lost trial is found after four times as long.

    Returns:
        ``seconds`` from the first trial's beginning to the last one's end, ``lines`` that the workers printed, how many
        were killed (``kills``) and how many trials go on with another (``continued``).

    Raises:
        AssertionError: If a graph was lost, or trained twice.
    """
    context = get_context('fork')  # each has imported everything
    import ktg_mm.search.worker.worker  # noqa: F401

    begin, draw = context.Barrier(workers), random.Random(0)
    arguments = (storage, study, folder, trials, seconds, heartbeat)
    running: list[BaseProcess] = []
    numbers = itertools.count()

    def start(wait: Any = None) -> None:
        running.append(context.Process(target=work, args=(*arguments, next(numbers), wait)))
        running[-1].start()

    for _ in range(workers):
        start(begin)
    killed = 0
    while not os.path.exists(f'{folder}/begun') and all(process.is_alive() for process in running):
        time.sleep(0.1)
    for _ in range(kills):
        time.sleep(draw.uniform(0.2, 0.8))
        victim = running.pop(draw.randrange(len(running)))
        if victim.is_alive():
            os.kill(victim.pid or 0, signal.SIGKILL)
            killed += 1
            start()
        victim.join()
    for process in running:
        process.join()
    assert not any(process.exitcode for process in running), 'a worker has failed, see its log'
    lines = sum(len(path.read_text().splitlines()) for path in Path(folder).glob('worker_*.log'))
    return dict(checked(storage, study, trials), lines=lines, kills=killed)


def work(
    storage: str, study: str, folder: str, trials: int, seconds: float, heartbeat: int, number: int, wait: Any
) -> None:
    """One worker, the one of searches but for its training."""
    from ktg_mm.apis import load_config
    from ktg_mm.search import SearchProgress, StudyAddress, Worker
    from ktg_mm.search.worker.asha_hook import ASHAHook
    from ktg_mm.search.worker.run_trial import Outcome

    class MadeUp(Worker):
        """Sleeps instead of training; a score is a function of the graph, and rises."""

        def _run(self, config: dict[str, Any], run_dir: Path, bind: Any) -> Any:
            hook = ASHAHook(self.hook['pruner'] if self.hook else None)
            bind(hook)
            last, reporter = config['train_cfg']['max_epochs'], hook._reporter
            assert reporter is not None
            run_dir.mkdir(parents=True, exist_ok=True)
            checkpoint = run_dir / 'epoch.pth'
            done = int(checkpoint.read_text() or 0) if checkpoint.exists() else 0
            for epoch, value in sorted(hook._earlier.items()):
                if epoch <= done:
                    reporter.report(value, epoch)
            quality, stopped = random.Random(zlib.crc32(json.dumps(config['model'], default=str).encode())), False
            scores = {epoch: quality.uniform(0, 90) + epoch for epoch in [*hook.rungs(last), last]}
            for epoch in sorted(scores):
                if epoch <= done or stopped:
                    continue
                time.sleep(seconds * (epoch - done) / last)
                stopped = reporter.report(scores[epoch], epoch) and epoch < last
                done = epoch
                checkpoint.write_text(f'{done}')
            return Outcome({self.candidates.metrics[0].name: scores[done]}, done, done < last)

    cfg = load_config(CONFIG, {'search.heartbeat': heartbeat, 'search.retries': 1000})
    with open(f'{folder}/worker_{number}.log', 'w') as log, contextlib.redirect_stderr(log):
        worker = MadeUp(cfg, StudyAddress.of(cfg, folder, storage, study), trials)
        if wait is not None:
            wait.wait(_PATIENCE)
            Path(folder, 'begun').touch()
        with SearchProgress(trials) as progress:
            worker.run(progress)


def checked(storage: str, study: str, trials: int) -> dict[str, Any]:
    """Looks whether every graph has one end, and only one."""
    from ktg_mm.search import load_study, open_storage
    from ktg_mm.search.space.candidates import KEY
    from ktg_mm.search.study.retries import CONTINUES, INDEX, was_begun

    found = load_study(open_storage(storage), study).get_trials(deepcopy=False)
    assert all(trial.state.is_finished() for trial in found), 'a trial has no end'
    continued = {trial.user_attrs.get(CONTINUES) for trial in found}
    ends = [trial for trial in found if trial.number not in continued and was_begun(trial)]
    assert sorted(trial.user_attrs[INDEX] for trial in ends) == list(range(trials)), 'a graph is lost, or there twice'
    assert len({trial.user_attrs[KEY] for trial in ends}) == trials, 'a graph was drawn twice'
    states = Counter(trial.state.name.lower() for trial in ends)
    assert states.keys() <= {'complete', 'pruned'}, f'how graphs ended: {dict(states)}'
    begun = min(trial.datetime_start for trial in found if trial.datetime_start)
    last = max(trial.datetime_complete for trial in ends if trial.datetime_complete)
    number = sum(trial.number in continued for trial in found)
    return dict(seconds=(last - begun).total_seconds(), continued=number, **states)


def answer() -> None:
    """Answers a line of JSON, a word and the arguments of :func:`search`, by such a line."""
    _, arguments = json.loads(sys.stdin.readline())
    print(json.dumps(search(**arguments)), flush=True)
