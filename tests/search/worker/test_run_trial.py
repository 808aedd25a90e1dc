"""One run of a search: what it costs, and what it leaves behind."""

import logging
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from ktg_mm.apis import load_config
from ktg_mm.search.worker.run_trial import count_costs, quiet_runner, remove_checkpoints
from ktg_mm.search.worker.trial_config import trial_config

REPOSITORY = Path(__file__).parents[3]


def tiny(folder: Path, config: str = 'ktg/ens_3node_digits.py') -> Config:
    cfg = load_config(REPOSITORY / 'configs' / config, {'val_dataloader.dataset.indices': 60})
    return trial_config(cfg.to_dict(), None, folder)


def parameters(model: BaseModel, name: str) -> int:
    return sum(weight.numel() for weight in model.nodes[name].parameters())


def test_costs_of_an_ensemble_are_its_members(tmp_path: Path) -> None:
    with quiet_runner(tiny(tmp_path)) as runner:
        model = runner.model
        model.train()
        members = ('net1', 'net2', 'net3')
        whole = count_costs(runner)
        assert whole['parameters'] == sum(parameters(model, name) for name in members)
        assert model.nodes['net1'].training
        alone = {}
        for name in members:
            model.target = name
            alone[name] = count_costs(runner)
            assert alone[name]['parameters'] == parameters(model, name)
        assert whole['flops'] == sum(costs['flops'] for costs in alone.values())
        assert alone['net1']['flops'] == alone['net2']['flops']


def test_multiply_adds_of_one_image(tmp_path: Path) -> None:
    cfg = tiny(tmp_path, 'single/resnet8_digits.py')
    with quiet_runner(cfg) as runner:
        counted = count_costs(runner)['flops']
    # ResNet-8 on 8 x 8 pixels: a stem and three blocks of 16, 32, 64 channels, and the classifier.
    multiply_adds = {
        'stem': 64 * 16 * 1 * 9,
        'blocks': 64 * 2 * 16 * 16 * 9 + 16 * (32 * 16 + 32 * 32) * 9 + 4 * (64 * 32 + 64 * 64) * 9,
        'classifier': 64 * 10,
    }
    # The counter adds normalisation, pooling and projections, all of them small.
    assert sum(multiply_adds.values()) <= counted <= 1.1 * sum(multiply_adds.values())


def test_nothing_is_left_of_a_run(tmp_path: Path, capsys) -> None:
    managers = (MMLogger, MessageHub, Visualizer, DefaultScope)
    before = [set(manager._instance_dict) for manager in managers]
    open_files = len(list(Path('/proc/self/fd').iterdir()))
    for run in range(3):
        with quiet_runner(tiny(tmp_path / str(run))) as runner:
            runner.logger.info('kept in the file alone')
            assert not [handler for handler in runner.logger.handlers if type(handler) is logging.StreamHandler]
    assert [set(manager._instance_dict) for manager in managers] == before
    assert len(list(Path('/proc/self/fd').iterdir())) <= open_files
    output = capsys.readouterr()
    assert 'kept in the file alone' not in output.out + output.err
    (log,) = (tmp_path / '2').glob('*/*.log')
    assert 'kept in the file alone' in log.read_text()


def test_remove_checkpoints_keeps_the_log(tmp_path: Path) -> None:
    for name in ('epoch_1.pth', 'epoch_2.pth', 'last_checkpoint', 'run.log'):
        (tmp_path / name).write_text('')
    remove_checkpoints(tmp_path)
    remove_checkpoints(tmp_path)  # another worker may have been faster
    assert [path.name for path in tmp_path.iterdir()] == ['run.log']


def test_what_members_share_costs_once(tmp_path: Path) -> None:
    cfg = tiny(tmp_path)
    networks = dict(net1=cfg.model.nodes.net1, net2=cfg.model.nodes.net1)
    label = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in networks}
    costs = []
    for share in (None, dict(node='net1', until='backbone.layer1')):
        nodes = dict(networks, net2=dict(networks['net2'], share=share))
        cfg.model.update(nodes=dict(nodes, ensemble=dict(type='EnsembleNode', members=['net1', 'net2'])), edges=label)
        cfg.val_evaluator = dict(type='NodeMetric', metric=dict(type='Accuracy'))
        with quiet_runner(cfg) as runner:
            trunk = [runner.model.nodes['net1'].network.get_submodule(f'backbone.{name}') for name in ('conv1', 'bn1')]
            costs.append(count_costs(runner))
            shared = [*trunk, runner.model.nodes['net1'].network.backbone.layer1]
    saved = {name: costs[0][name] - costs[1][name] for name in costs[0]}
    assert saved['parameters'] == sum(weight.numel() for module in shared for weight in module.parameters())
    # Stem and first block of a ResNet-8 on 8 x 8 pixels, and normalisation.
    multiply_adds = 64 * 16 * 9 + 64 * 2 * 16 * 16 * 9
    assert multiply_adds <= saved['flops'] <= 1.1 * multiply_adds
