"""A found graph beside what it must beat, on a few digits."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmengine.config.config
import pytest
import torch
from filelock import FileLock
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.apis import build_runner, load_config
from ktg_mm.config.stages import stage_seed
from ktg_mm.errors import UserError
from ktg_mm.search.found import retrain as module
from ktg_mm.search.found.retrain import method_configs, retrain

CONFIGS = Path(__file__).parents[3] / 'configs'
KEY = 'net1/accuracy/top1'
TINY = {
    'train_cfg.max_epochs': 2,
    'train_cfg.val_interval': 2,
    'train_dataloader.dataset.indices': 24,
    'val_dataloader.dataset.indices': 30,
    'test_dataloader.dataset.indices': 40,
}


@pytest.fixture(autouse=True)
def quick_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run writes its config three times; to lay it out prettily takes a second."""
    monkeypatch.setattr(mmengine.config.config, 'FormatCode', lambda code, **options: (code, True))


@pytest.fixture
def found() -> Callable[..., Config]:
    """A graph of two networks."""

    def load(**options: Any) -> Config:
        cfg = load_config(CONFIGS / 'dml/dml_3node_digits.py', TINY | options)
        del cfg.model.nodes['net3']
        for key in [key for key in cfg.model.edges if 'net3' in key]:
            del cfg.model.edges[key]
        cfg.model.edges['net2->net1'].gate = dict(type='LinearGate')
        return cfg

    return load


def alone(seed: int) -> Config:
    """The target of the found graph, as its own config says it."""
    cfg = load_config(CONFIGS / 'single/resnet8_digits.py', TINY)
    cfg.randomness = dict(seed=seed)
    return cfg


def run_file(folder: Path, method: str, seed: int) -> dict[str, Any]:
    return json.loads((folder / method / f'seed_{seed}/run.json').read_text())


@pytest.mark.slow
def test_retrain(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, said = tmp_path / 'runs', []
    # In two goes, as two processes would that share the folder.
    retrain(found(), folder, [5], ['found'], say=said.append)
    assert json.loads((folder / 'results.json').read_text())['methods'][0]['deviation'] is None
    rows = retrain(found(), folder, [4, 5], ['found', 'independent'], say=said.append)
    assert [line.split(': ')[0] for line in said] == [
        '[1/1] found, seed 5',
        '[1/4] found, seed 4',
        '[2/4] independent, seed 4',
        '[3/4] found, seed 5',
        '[4/4] independent, seed 5',
    ]
    assert said[3].endswith('finished before') and ' s)' in said[2]
    # Trained with the seed, and measured once on the test data at the end, as tools/train.py does it.
    runner = build_runner(alone(5), tmp_path / 'plain')
    runner.train()
    assert run_file(folder, 'independent', 5)['metrics'] == runner.test()
    assert runner.cfg.train_dataloader.dataset.indices == 24 and runner.epoch == 2
    scores = {row.method: row.scores for row in rows}
    for method in ('found', 'independent'):
        metrics = [run_file(folder, method, seed)['metrics'] for seed in (4, 5)]
        assert scores[method] == {4: metrics[0][KEY], 5: metrics[1][KEY]}
    assert {*run_file(folder, 'found', 4)['metrics']} == {KEY, KEY.replace('1', '2', 1)}
    # What is finished is not trained again, and the table on the disk is the one that was returned.
    monkeypatch.setattr(module, 'train_runner', None)
    assert retrain(found(), folder, [4, 5], ['found', 'independent'], say=said.append) == rows
    table = json.loads((folder / 'results.json').read_text())
    assert [entry['method'] for entry in table['methods']] == ['found', 'independent']
    assert table['methods'][1]['difference'] == rows[1].difference
    assert not list(folder.glob('**/*.tmp')) and not list(folder.glob('**/best*'))
    # Any node's metric, or the mean of the networks', out of the same runs.
    metrics = run_file(folder, 'found', 4)['metrics']
    both = [metrics[KEY], metrics[KEY.replace('1', '2', 1)]]
    for metric, expected in {KEY.replace('1', '2', 1): both[1], 'mean/accuracy/top1': sum(both) / 2}.items():
        rows = {row.method: row for row in retrain(found(), folder, [4], ['found'], metric=metric, say=said.append)}
        assert rows['found'].scores[4] == pytest.approx(expected)
        # A network on its own is the mean of itself, and has no second node.
        assert ('independent' in rows) == metric.startswith('mean')
        assert said[-1] == f'[1/1] found, seed 4: {expected:.2f}, finished before'
    # A run leaves its config behind, which the tools can read.
    (left,) = (folder / 'found/seed_5').glob('*.py')
    assert load_config(left).to_dict()['model'] == found().to_dict()['model']


class Stop(Hook):
    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.epoch == 1:
            raise KeyboardInterrupt


def test_run_that_was_cut_short_goes_on(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(module, 'train_runner', lambda runner: (runner.register_hook(Stop()), runner.train()))
        with pytest.raises((KeyboardInterrupt, RuntimeError)):
            retrain(found(), tmp_path, [5], ['independent'], say=lambda line: None)
    assert 'metrics' not in run_file(tmp_path, 'independent', 5)
    assert (tmp_path / 'independent/seed_5/epoch_1.pth').exists()
    begun: list[int] = []
    plain_train = module.train_runner

    class Keep(Hook):
        def before_train_epoch(self, runner: Runner) -> None:
            begun.append(runner.epoch)

    monkeypatch.setattr(module, 'train_runner', lambda runner: (runner.register_hook(Keep()), plain_train(runner))[1])
    (row,) = retrain(found(), tmp_path, [5], ['independent'], say=lambda line: None)
    assert begun == [1]
    runner = build_runner(alone(5), tmp_path / 'plain')
    runner.train()
    assert row.scores == {5: runner.test()[KEY]}


def test_published_protocol(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the test data are the validation data, the last validation counts and nothing is read once more."""
    cfg = found()
    cfg.test_dataloader = cfg.val_dataloader
    validations: list[dict[str, float]] = []
    plain_train = module.train_runner

    def train(runner: Runner) -> dict[str, Any]:
        class Keep(Hook):
            def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
                validations.append(dict(metrics or {}))

        runner.register_hook(Keep(), priority='LOW')
        return plain_train(runner)

    monkeypatch.setattr(module, 'train_runner', train)
    monkeypatch.setattr(Runner, 'test', None)
    retrain(cfg, tmp_path, [0], ['found'], say=lambda line: None)
    assert run_file(tmp_path, 'found', 0)['metrics'] == validations[0] == validations[-1]


def test_methods(found) -> None:
    said: list[str] = []
    other = load_config(CONFIGS / 'ktg/ens_3node_digits.py')
    configs = method_configs(found(), dict(ens_3node_digits=other), said.append)
    assert list(configs) == ['found', 'dml', 'independent', 'ens_3node_digits'] and not said
    assert configs['found'].model == found().model
    assert configs['ens_3node_digits'].model == other.model
    assert configs['dml'].model.edges['net2->net1'].gate.type == 'ThroughGate'
    for name, cfg in configs.items():
        reference = other if name == 'ens_3node_digits' else found()
        changed = {key for key in reference if cfg[key] != reference[key]}
        assert changed - {'model'} == {'default_hooks'}
        assert cfg.default_hooks.checkpoint == {**reference.default_hooks.checkpoint, 'save_best': None}
    single = load_config(CONFIGS / 'single/resnet8_digits.py')
    assert list(method_configs(single, {}, said.append)) == ['found', 'independent']
    assert said == ['dml: left out, as the graph trains one network alone']


def test_folder_of_another_config(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'train_runner', lambda runner: {KEY: 50.0})
    retrain(found(), tmp_path, [0], ['dml'], say=lambda line: None)
    message = f'--work-dir {tmp_path}: dml/seed_0 is a run of another config; give another folder'
    for changed in (
        found(**{'train_cfg.max_epochs': 3}),
        found(**{'model.nodes.net2.network.backbone.depth': 14}),
        found(**{'test_dataloader.dataset.indices': 50}),
    ):
        with pytest.raises(UserError) as caught:
            retrain(changed, tmp_path, [1], ['found'], say=lambda line: None)
        assert str(caught.value) == message
    harmless = found(**{'train_dataloader.num_workers': 1, 'log_level': 'ERROR', 'work_dir': 'x'})
    (row,) = retrain(harmless, tmp_path, [0], ['dml'], say=lambda line: None)
    assert row.scores == {0: 50.0}


def test_processes_share_the_runs(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'train_runner', lambda runner: {KEY: 50.0})
    said: list[str] = []
    (tmp_path / 'found/seed_1').mkdir(parents=True)
    with FileLock(tmp_path / 'found/seed_1/.lock'):
        (row,) = retrain(found(), tmp_path, [0, 1, 2], ['found'], say=said.append)
    assert list(row.scores) == [0, 2]
    assert said[1] == '[2/3] found, seed 1: left to another process, which is at it'


def test_run_that_diverges(tmp_path: Path, found) -> None:
    said: list[str] = []
    cfg = found(**{'optim_wrapper.optimizer.lr': 1e30, 'train_dataloader.batch_size': 4})
    with pytest.raises(UserError, match=r'^1 of 1 runs diverged: independent, seed 0$'):
        retrain(cfg, tmp_path, [0], ['independent'], say=said.append)
    assert said[0].startswith('[1/1] independent, seed 0: failed: ')
    assert json.loads((tmp_path / 'results.json').read_text())['methods'] == []


@pytest.mark.parametrize(
    ('change', 'arguments', 'message'),
    [
        (dict(model=dict(type='ImageClassifier')), {}, 'model: must be a KnowledgeTransferGraph with nodes and edges'),
        ({}, dict(against=dict(dml=Config())), 'a config that is compared must not be named dml'),
        (
            {f'{name}_{part}': None for name in ('val', 'test') for part in ('dataloader', 'cfg', 'evaluator')},
            {},
            'test_dataloader: is missing; there are no data to measure',
        ),
        (
            {},
            dict(metric='accuracy/top5'),
            "--metric accuracy/top5: no run reports it; did you mean 'accuracy/top1'?",
        ),
    ],
)
def test_retrain_mistakes(
    tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch, change: dict, arguments: dict, message: str
) -> None:
    monkeypatch.setattr(module, 'train_runner', lambda runner: {KEY: 50.0})
    cfg = Config({**found().to_dict(), **change})
    with pytest.raises(UserError) as caught:
        retrain(cfg, tmp_path, [0], ['found'], say=lambda line: None, **arguments)
    assert message in str(caught.value)


def test_a_damaged_result_is_trained_again(tmp_path: Path, found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has become of the file; its checkpoints are of no account, as nobody knows what config they are of."""
    trained = []

    def train(runner: Runner) -> dict[str, float]:
        trained.append(runner.epoch)
        runner.train()
        return {KEY: 50.0 + len(trained)}

    monkeypatch.setattr(module, 'train_runner', train)
    folder = tmp_path / 'runs'
    retrain(found(), folder, [5], ['found'], say=str)
    path = folder / 'found/seed_5/run.json'
    whole = path.read_text()
    damages = [whole[:40], '', '[]', '5', 'null', whole.replace('"recipe"', '"x"'), whole.replace('5', '"5"', 1)]
    for number, damage in enumerate([*damages, whole], start=2):
        path.write_text(damage)
        (row,) = retrain(found(), folder, [5], ['found'], say=str)
        assert row.scores == {5: 50.0 + min(number, len(damages) + 1)} if damage != whole else {5: 51.0}
    assert trained == [0] * (len(damages) + 1)


def test_a_damaged_checkpoint_of_a_run_begins_it_anew(tmp_path: Path, found) -> None:
    epochs = []

    class Stopped(BaseException):
        pass

    @HOOKS.register_module(force=True)
    class Interrupting(Hook):
        def before_train_epoch(self, runner: Runner) -> None:
            epochs.append(runner.epoch)
            if len(epochs) == 2:
                raise Stopped

    cfg = found()
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type='Interrupting')]
    with pytest.raises(Stopped):
        retrain(cfg, tmp_path, [5], ['found'], say=str)
    (checkpoint,) = (tmp_path / 'found/seed_5').glob('epoch_1.pth')
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    retrain(cfg, tmp_path, [5], ['found'], say=str)
    assert epochs == [0, 1, 0, 1]


def test_a_config_whose_name_leads_out_of_the_folder(tmp_path: Path, found) -> None:
    with pytest.raises(UserError, match=r'a config that is compared must not be named \.\.$'):
        retrain(found(), tmp_path / 'runs', [5], ['found'], {'..': found()}, say=str)
    assert not (tmp_path / 'runs').exists()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(methods=[]), '--methods: there is nothing to train; '),
        (dict(metric='accuracy/top2'), "--metric accuracy/top2: no run reports it; did you mean 'accuracy/top1'?"),
        (dict(metric='net9/accuracy/top1'), '--metric net9/accuracy/top1: no run reports it; '),
        (
            dict(seed_keys=['optim_wrapper.optimizer.seed']),
            "optim_wrapper.optimizer: SGD has no argument 'seed'",
        ),
        (dict(work_dir='/proc/none/runs'), '--work-dir /proc/none/runs: cannot be made: '),
    ],
)
def test_mistakes_are_known_before_anything_is_trained(tmp_path: Path, found, arguments: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        retrain(found(), **{'work_dir': tmp_path / 'runs', 'seeds': [0], **arguments})
    assert str(caught.value).startswith(message)
    assert not (tmp_path / 'runs').exists()


@pytest.mark.slow
def test_every_seed_runs_all_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the last one's target is compared with its network alone, which begins with nobody's weights."""
    options = TINY | {'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1, 'param_scheduler.end': 1}
    cfg = load_config(CONFIGS / 'born_again/ban_digits.py', options)
    cfg.stages = [cfg.stages[0], cfg.stages[2]]
    cfg.stages[1].model.nodes.teacher.stage.name = 'gen0'
    configs = method_configs(cfg, {}, lambda line: None)
    assert list(configs) == ['found', 'independent'] and 'stages' not in configs['independent']
    assert configs['independent'].model.nodes.to_dict() == cfg.model.nodes.to_dict()
    rows = retrain(cfg, tmp_path, [0, 1], ['found'], say=lambda line: None)
    for seed, score in rows[0].scores.items():
        folder = tmp_path / f'found/seed_{seed}'
        assert run_file(tmp_path, 'found', seed)['networks'] == ['net']
        assert run_file(tmp_path, 'found', seed)['metrics'][KEY.replace('net1', 'net')] == score
        weights = [torch.load(folder / name / 'epoch_1.pth', weights_only=True) for name in ('gen0', 'gen2')]
        assert [one['meta']['seed'] for one in weights] == [seed, stage_seed(seed, 1)]
        taken = weights[1]['state_dict']['nodes.first.network.head.fc.weight']
        assert torch.equal(taken, weights[0]['state_dict']['nodes.net.network.head.fc.weight'])
    # One that was cut short in its last stage does not train the first one again.
    (tmp_path / 'found/seed_0/run.json').unlink()
    begun = []
    train = Runner.train
    monkeypatch.setattr(Runner, 'train', lambda self: (begun.append(Path(self.work_dir).name), train(self))[1])
    assert retrain(cfg, tmp_path, [0, 1], ['found'], say=lambda line: None) == rows
    assert begun == ['gen2']
