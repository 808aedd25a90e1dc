"""The data that a search goes by."""

from pathlib import Path

import pytest

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.search_data import check_search_data

CONFIGS = Path(__file__).parents[3] / 'configs'


@pytest.mark.parametrize(
    'path', ['dml/dml_3node_cifar100.py', 'ktg/ens_2node_dogs.py', 'dml/dml_3node_fashion_mnist.py']
)
def test_no_graph_is_chosen_on_the_test_set(path, base):
    config = base(CONFIGS / path)
    if 'fashion' in path:  # which has validation data of its own
        check_search_data(config)
        config['val_dataloader'] = config['test_dataloader']
    with pytest.raises(ConfigError) as caught:
        check_search_data(config)
    assert str(caught.value) == (
        'val_dataloader.dataset: is the test set, on which no graph may be chosen; inherit data that split the '
        'training set, such as _base_/datasets/cifar100_search.py'
    )


def test_validation_data_are_needed(base):
    config = base()
    check_search_data(config)
    for nothing in (None, {}):
        with pytest.raises(ConfigError, match=r'^val_dataloader: is missing; a search needs validation data$'):
            check_search_data(dict(config, val_dataloader=nothing))


def test_a_search_resumes_by_itself(base):
    with pytest.raises(ConfigError, match=r'^resume: must be False; a search that is started again goes on by itself$'):
        check_search_data(base(resume=True))
