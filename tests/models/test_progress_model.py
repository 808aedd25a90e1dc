import copy

import pytest
import torch

from ktg_mm.models.progress_model import ProgressModel
from ktg_mm.structures import TransferContext


class Model(ProgressModel):
    def forward(self):
        return self.progress


@pytest.fixture
def model():
    return Model()


def test_a_number_fills_the_same_tensor(model):
    progress = model.progress
    assert progress.dtype == torch.float64 and progress.shape == () and progress == 1
    for number in (1 / 3, torch.tensor(0.1, dtype=torch.float64)):
        model.progress = number
        assert model.progress is progress and progress.item() == float(number)


def test_it_survives_what_is_done_to_a_model(model):
    model.progress = 1 / 3
    for other in (copy.deepcopy(model), copy.deepcopy(model).double(), copy.deepcopy(model).to('cpu')):
        assert other.progress == 1 / 3 and other.progress.dtype == torch.float64
        other.progress = 0.5
    assert model.progress == 1 / 3
    assert copy.deepcopy(model).to('meta').progress.device.type == 'meta'


def test_a_checkpoint_does_not_have_it(model):
    assert not model.state_dict()
    model.load_state_dict({})


def test_what_an_edge_is_told(toys):
    """The log and the backward pass keep the number of their own step."""
    linear = dict(type='LinearGate')
    graph = toys.build(dict(net1=toys.node()), {'label->net1': toys.label(linear)})
    data, weights = toys.batch(), []
    for progress in (0.25, 0.5):
        graph.progress = progress
        weights.append(graph(**data, mode='loss')['label->net1'].gate_weight)
    assert [float(weight) for weight in weights] == [0.25, 0.5]


def test_a_plain_number_becomes_a_tensor():
    for context in (TransferContext(None), TransferContext(torch.zeros(2), 0.1)):
        assert context.progress.dtype == torch.float64 and context.progress.shape == ()
    given = torch.tensor(0.1, dtype=torch.float64)
    assert TransferContext(None, given).progress is given and TransferContext(None, 0.1).progress == given
    assert TransferContext(torch.zeros(2, device='meta'), 0.1).progress.device.type == 'meta'
