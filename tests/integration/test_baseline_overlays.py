"""Overlays of documents 002 and 003: what their methods are compared with, and what their tables vary."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import resolve_stages

CONFIGS = Path(__file__).parents[2] / 'configs'
BRANCHES = ('net1', 'net2', 'net3', 'leader')
PAIRS = [(one, other) for i, one in enumerate(BRANCHES) for other in BRANCHES[i + 1 :]]
DIVERSITY = {
    f'{one}->{other}:diversity': dict(loss=dict(type='ClassifierDiversity'), weight=5e-8, detach=False)
    for one, other in PAIRS
}


def overlaid(path: str, *names: str) -> Config:
    return load_config(CONFIGS / f'{path}.py', overlays=[CONFIGS / f'_base_/{name}.py' for name in names])


def build(cfg: Config) -> Any:
    """The graph of a config, of ResNet-8 in place of deeper ones."""
    for node in cfg.model.nodes.values():
        if node.type == 'NetworkNode' and node.network.backbone.type == 'CIFARResNet':
            node.network.backbone.depth = 8
    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model.to_dict(), data_preprocessor=cfg.data_preprocessor.to_dict()))
    return graph.train()


def images(cfg: Config, number: int = 8) -> dict[str, Any]:
    size = 8 if 'digits' in str(cfg.filename) else 32
    inputs = torch.rand(number, len(cfg.data_preprocessor.mean), size, size) * 255
    return dict(inputs=list(inputs), data_samples=[DataSample().set_gt_label(i) for i in range(number)])


def moved_by_a_step(graph: Any, batch: dict[str, Any]) -> set[str]:
    """Trains a step and returns the nodes that have changed."""
    weights = {key: value.clone() for key, value in graph.named_parameters()}
    optimizer = torch.optim.SGD([parameter for _, group in graph.parameter_groups() for parameter in group], lr=0.1)
    log = graph.train_step(batch, OptimWrapper(optimizer))
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in log.values())
    return {
        key.split('.')[1]
        for key, value in graph.named_parameters()
        if key.startswith('nodes.') and not value.equal(weights[key])
    }


@pytest.mark.parametrize('path', ['afd/afd_2node_cifar100', 'afd/afd_3node_cifar100', 'afd/afd_2node_imagenet'])
def test_mutual_learning_one_by_one(path: str) -> None:
    """The recipe is that of the document's logits; the mean over the peers at T = 3."""
    below, cfg = load_config(CONFIGS / f'{path}.py'), overlaid(path, 'edges/dml_one_by_one')
    check_config(cfg)
    nets = [name for name in cfg.model.nodes if name.startswith('net')]
    kl = dict(loss=dict(type='KLDivergence', temperature=3.0), weight=1 / (len(nets) - 1))
    assert cfg.model.edges.to_dict() == {
        **{f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in nets},
        **{f'{one}->{other}': kl for one in nets for other in nets if one != other},
    }
    assert cfg.model['update'] == dict(type='SequentialUpdate')
    assert cfg.optim_wrapper.optimizer == below.optim_wrapper.logits.optimizer
    assert cfg.param_scheduler == below.param_scheduler.logits


@pytest.mark.parametrize('number', [2, 3])
def test_one_on_the_recipe_of_afd(number: int, mmpretrain_scope: None) -> None:
    path = f'afd/afd_{number}node_cifar100'
    cfg = overlaid(path, 'edges/one')
    check_config(cfg)
    nets = [f'net{i + 1}' for i in range(number)]
    # Its edges are those of the method's own config, of as many networks.
    own = load_config(CONFIGS / 'multi_branch/one_cifar100.py').model
    assert {key: edge for key, edge in cfg.model.edges.items()} == {
        key: edge for key, edge in own.edges.items() if key.split('->')[1] in (*nets, 'teacher')
    }
    assert [cfg.model.nodes[name].get('share') for name in nets[1:]] == [own.nodes.net2.share] * (number - 1)
    assert cfg.model.nodes.teacher == dict(own.nodes.teacher, members=nets)
    assert cfg.optim_wrapper.optimizer == load_config(CONFIGS / f'{path}.py').optim_wrapper.logits.optimizer
    assert moved_by_a_step(build(cfg), images(cfg)) == {*nets, 'teacher'}
    wide = overlaid(path, 'networks/wrn16_2', 'edges/one')
    check_config(wide)
    assert wide.model.nodes.net2.network.backbone.type == 'CIFARWideResNet'


def test_a_smaller_student_of_an_aligned_teacher() -> None:
    path = 'afd/l1_kd_offline_cifar100'
    cfg, own = overlaid(path, 'networks/wrn16_2_of_wrn28_2'), load_config(CONFIGS / f'{path}.py')
    teacher, student = (stage_config(cfg, stage).model for stage in resolve_stages(cfg, 'work'))
    assert teacher.nodes.net1.network == cfg.wrn28_2 == student.nodes.net2.network
    assert student.nodes.net1.network == cfg.wrn16_2
    assert student.edges == [*map(partial(stage_config, own), resolve_stages(own, 'work'))][1].model.edges
    assert teacher.edges.keys() == {'label->net1'}


@pytest.mark.parametrize('method', ['one', 'okddip', 'ffm', 'song_chai'])
def test_classifiers_are_pushed_apart_in_every_method(method: str) -> None:
    path = f'multi_branch/{method}_cifar100'
    below, cfg = load_config(CONFIGS / f'{path}.py'), overlaid(path, 'edges/classifier_diversity')
    check_config(cfg)
    assert cfg.model.edges.to_dict() == {**below.model.edges.to_dict(), **DIVERSITY}
    assert cfg.model.nodes == below.model.nodes
    if method == 'ffm':
        assert cfg.model == load_config(CONFIGS / 'multi_branch/ffm_cd_cifar100.py').model


@pytest.mark.parametrize('exponent', range(4, 11))
def test_how_strongly_classifiers_are_pushed_apart(exponent: int) -> None:
    cfg = overlaid('multi_branch/ffm_cd_cifar100', f'edges/diversity_1e_{exponent}')
    weights = {key: edge.weight for key, edge in cfg.model.edges.items() if key in DIVERSITY}
    assert weights == dict.fromkeys(DIVERSITY, float(f'1e-{exponent}'))


DATA = {
    'cifar10_batch128': ('CIFAR10', 10),
    'cifar100_batch128': ('CIFAR100', 100),
    'cinic10_batch128': ('CINIC10', 10),
}


@pytest.mark.parametrize('data', DATA)
@pytest.mark.parametrize('method', ['one', 'okddip', 'ffm_cd'])
def test_branches_on_other_data(data: str, method: str) -> None:
    overlays = (f'datasets/{data}', 'networks/classes', 'evaluators/diversity', 'evaluators/top5')
    cfg = overlaid(f'multi_branch/{method}_cifar100', *overlays)
    check_config(cfg)
    name, classes = DATA[data]
    assert {loader.dataset.type for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)} == {name}
    assert cfg.train_dataloader.batch_size == 128 and cfg.data_preprocessor.num_classes == classes
    assert {cfg.model.nodes[node].network.head.num_classes for node in BRANCHES} == {classes}


def test_fusion_and_diversity_train_on_cinic10(tmp_path: Path, miniatures: Any, mmpretrain_scope: None) -> None:
    cfg = overlaid('multi_branch/ffm_cd_cifar100', 'datasets/cinic10_batch128', 'networks/classes')
    cfg.train_dataloader.dataset.data_root = str(miniatures.write_cinic10(tmp_path))
    cfg.train_dataloader.update(batch_size=8, num_workers=0, persistent_workers=False)
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    assert moved_by_a_step(build(cfg), batch) == {*BRANCHES, 'fusion'}


def test_what_is_measured_besides(tmp_path: Path) -> None:
    accuracy, diversity = (
        dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1,))),
        dict(type='DiversityMetric'),
    )
    both = dict(type='NodeMetric', metric=dict(type='Accuracy', topk=(1, 5)))
    path = 'multi_branch/ffm_cd_cifar100'
    for names, expected in (
        ((), accuracy),
        (('evaluators/diversity',), [accuracy, diversity]),
        (('evaluators/top5',), [both]),
        (('evaluators/top5', 'evaluators/diversity'), [both, diversity]),
        (('evaluators/diversity', 'evaluators/top5'), [both, diversity]),
    ):
        cfg = overlaid(path, *names)
        assert cfg.val_evaluator == cfg.test_evaluator == expected
    # A config that tests nothing goes on testing nothing.
    (untested := tmp_path / 'untested.py').write_text('test_dataloader = test_cfg = test_evaluator = None\n')
    overlays = [untested, *(CONFIGS / f'_base_/evaluators/{name}.py' for name in ('diversity', 'top5'))]
    cfg = load_config(CONFIGS / f'{path}.py', overlays=overlays)
    assert cfg.val_evaluator == [both, diversity] and cfg.test_evaluator is None
    check_config(cfg)
