"""Where the weights of frozen teachers are kept; that they are trained once is a test of the worker."""

from pathlib import Path

import pytest

from ktg_mm.apis import load_config
from ktg_mm.search.pretrained import weights_path

DIGITS = Path(__file__).parents[2] / 'configs/search/ktg_3node_digits.py'
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
