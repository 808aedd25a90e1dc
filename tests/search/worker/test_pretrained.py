"""Where the weights of frozen teachers are kept; that they are trained once is a test of the worker."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from ktg_mm.apis import load_config
from ktg_mm.search.worker import pretrained
from ktg_mm.search.worker.pretrained import fill_in_pretrained, weights_path

DIGITS = Path(__file__).parents[3] / 'configs/search/ktg_3node_digits.py'
NETWORK = dict(type='A', backbone=dict(depth=8, width=1))


def path(network: dict = NETWORK, **options: object) -> Path:
    return weights_path(network, load_config(DIGITS, options).to_dict(), Path('folder'))


def test_the_same_network_and_recipe_share_their_weights() -> None:
    assert path(dict(backbone=dict(width=1, depth=8), type='A')) == path()
    assert path().parent == Path('folder')
    # Of the graph the label edge alone matters.
    assert path(**{'model.edges.net1->net2.weight': 2.0, 'model.nodes.net2.network.backbone.depth': 14}) == path()


@pytest.mark.parametrize(
    'options',
    [{'train_cfg.max_epochs': 2}, {'optim_wrapper.optimizer.lr': 0.2}, {'model.edges.label->net1.weight': 2.0}],
)
def test_another_recipe_has_weights_of_its_own(options: dict) -> None:
    assert path(**options) != path()


def test_another_network_has_weights_of_its_own() -> None:
    assert path(dict(type='A', backbone=dict(depth=14, width=1))) != path()


LABEL = dict(loss=dict(type='CrossEntropy'), views=dict(target='weak'))
SEMI = dict(
    train_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _delete_=True,
            type='SemiSupervised',
            dataset=dict(type='Digits', split='train'),
            num_labels=40,
            pipeline=[dict(type='SeedRandom'), dict(type='Views', weak=[], weak2=[]), dict(type='PackViews')],
        ),
        sampler=dict(_delete_=True, type='SemiSupervisedSampler', labeled=4, unlabeled=12, infinite=True),
    ),
    param_scheduler=dict(_delete_=True, type='PartialCosineLR', by_epoch=False, begin=0, end=4),
    train_cfg=dict(_delete_=True, by_epoch=False, max_iters=4, val_interval=2),
    log_processor=dict(by_epoch=False),
    default_hooks=dict(checkpoint=dict(by_epoch=False)),
)


@pytest.mark.parametrize('gate', [None, dict(type='CutoffGate')])
def test_teachers_of_semi_supervised_graphs_learn_the_labelled_samples_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: dict | None
) -> None:
    """In the view that the graph learns its labels from, by the loop over iterations."""
    trained: list[Config] = []
    cfg = load_config(DIGITS)
    cfg.merge_from_dict(copy.deepcopy(SEMI))
    views = dict(source='weak2', target='weak')
    own = dict(loss=dict(type='KLDivergence'), views=views, samples='unlabeled')
    label = dict(LABEL, gate=gate) if gate else LABEL
    base = cfg.to_dict()
    network = base['model']['nodes']['net2']['network']
    base['model']['edges'] = {'net1->net1': own, 'label->net1': label, 'net2->net1': own}
    run_trial = pretrained.run_trial

    def run(cfg: Config, **options: Any) -> Any:
        trained.append(cfg)
        return run_trial(cfg, **options)

    monkeypatch.setattr(pretrained, 'run_trial', run)
    config = dict(model=dict(nodes=dict(net2=dict(type='NetworkNode', network=network, checkpoint='pretrained'))))
    fill_in_pretrained(config, base, tmp_path)
    (cfg,) = trained
    assert cfg.model.edges == {'label->teacher': LABEL}
    path = config['model']['nodes']['net2']['checkpoint']
    assert path == str(weights_path(network, base, tmp_path))
    weights = torch.load(path)
    assert int(weights['backbone.bn1.num_batches_tracked']) == 4
    # Another view is another teacher.
    base['model']['edges']['label->net1'] = dict(LABEL, views=dict(target='weak2'))
    assert path != str(weights_path(network, base, tmp_path))


def test_teachers_of_a_graph_with_phases_learn_by_the_labels_optimiser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a graph whose labels are of another phase has other teachers."""
    base = load_config(DIGITS.parents[1] / 'afd/afd_2node_digits.py').to_dict()
    base['optim_wrapper'] = dict(sorted(base['optim_wrapper'].items()))  # as a config that was written and read
    runs: list[Config] = []
    monkeypatch.setattr(pretrained, 'run_trial', lambda cfg, **_: runs.append(cfg))
    monkeypatch.setattr(pretrained, 'remove_checkpoints', lambda folder: None)
    network, file = base['model']['nodes']['net2']['network'], tmp_path / 'w.pth'
    pretrained._train(network, base, file, 'none')
    (cfg,) = runs
    assert (
        cfg.optim_wrapper.optimizer
        == base['optim_wrapper']['logits']['optimizer']
        != base['optim_wrapper']['features']['optimizer']
    )
    assert cfg.param_scheduler == base['param_scheduler']['logits']
    assert list(cfg.model.nodes) == ['teacher'] and 'update' not in cfg.model
    other = copy.deepcopy(base)
    other['model']['update']['phases'] = [dict(name='logits', edges='*'), dict(name='features', edges='label->*')]
    assert weights_path(network, base, tmp_path) != weights_path(network, other, tmp_path)
