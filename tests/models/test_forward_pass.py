import pytest
import torch

from ktg_mm.errors import UserError
from ktg_mm.models.forward_pass import ForwardPass
from ktg_mm.models.nodes import EnsembleNode, Node
from ktg_mm.structures import NodeOutput, SampleRows

LABELS = torch.tensor([2, 0, -1, -1, -1])


class Scale(Node):
    """Multiplies its images, and notes what it was given."""

    def __init__(self, factor):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(float(factor)))
        self.given = []

    def forward(self, inputs):
        self.given.append((inputs.shape[0], torch.is_grad_enabled()))
        return NodeOutput(inputs * self.factor)


@pytest.fixture
def nodes():
    return dict(a=Scale(2), b=Scale(3), vote=EnsembleNode(members=['a', 'b']))


@pytest.fixture
def views():
    generator = torch.Generator().manual_seed(0)
    return {name: torch.rand(5, 4, generator=generator) for name in ('strong', 'weak')}


def run(nodes, inputs, *asked, joint=False, labels=LABELS):
    found = ForwardPass(nodes, inputs, SampleRows.of(labels), joint)
    for entry in asked:
        found.ask(*entry[:3], learns=len(entry) > 3)
    found.run()
    return found


def test_each_view_runs_once_on_the_samples_that_are_asked_for(nodes, views):
    found = run(nodes, views, ('a', 'weak', 'labeled'), ('a', 'weak', 'unlabeled'), ('a', 'strong', 'unlabeled'))
    assert nodes['a'].given == [(3, False), (5, False)]
    assert nodes['b'].given == []
    torch.testing.assert_close(found.output('a', 'weak', 'labeled').logits, views['weak'][:2] * 2)
    torch.testing.assert_close(found.output('a', 'weak', 'unlabeled').logits, views['weak'][2:] * 2)
    torch.testing.assert_close(found.output('a', 'strong', 'unlabeled').logits, views['strong'][2:] * 2)
    assert found.output('a', 'weak', 'labeled') is found.output('a', 'weak', 'labeled')  # its softmaxes are shared


def test_one_kind_of_samples_alone(nodes, views):
    found = run(nodes, views['weak'], ('a', None, 'labeled'))
    assert nodes['a'].given == [(2, False)]
    assert found.output('a', None, 'labeled').logits.shape == (2, 4)


def test_joint_views_run_as_one_batch(nodes, views):
    found = run(nodes, views, ('a', 'weak', 'all'), ('a', 'strong', 'unlabeled', 'learns'), joint=True)
    assert nodes['a'].given == [(8, True)]
    torch.testing.assert_close(found.output('a', 'strong', 'unlabeled').logits, views['strong'][2:] * 2)
    torch.testing.assert_close(found.output('a', 'weak', 'labeled').logits, views['weak'][:2] * 2)


def test_gradients_only_where_the_node_learns(nodes, views):
    found = run(nodes, views, ('a', 'weak', 'all', 'learns'), ('a', 'strong', 'all'), ('b', 'weak', 'all'))
    assert nodes['a'].given == [(5, False), (5, True)] and nodes['b'].given == [(5, False)]
    assert found.output('a', 'weak').logits.requires_grad and not found.output('a', 'strong').logits.requires_grad


@pytest.mark.parametrize('learns', [False, True])
def test_an_ensemble_reads_its_members(nodes, views, learns):
    found = run(nodes, views, ('vote', 'weak', 'unlabeled', *(['learns'] if learns else [])), ('a', 'weak', 'labeled'))
    assert nodes['a'].given == [(5, learns)] and nodes['b'].given == [(3, learns)]
    torch.testing.assert_close(found.output('vote', 'weak', 'unlabeled').logits, views['weak'][2:] * 2.5)


def test_all_samples_have_labels(nodes, views):
    found = run(nodes, views, ('a', 'weak', 'labeled'), ('a', 'weak', 'all'), labels=torch.arange(5))
    assert nodes['a'].given == [(5, False)]
    assert found.output('a', 'weak', 'labeled') is found.output('a', 'weak', 'all')


def test_labelled_samples_need_not_come_first(nodes, views):
    found = run(nodes, views, ('a', 'weak', 'labeled'), ('a', 'strong', 'unlabeled'), labels=LABELS.flip(0))
    torch.testing.assert_close(found.output('a', 'weak', 'labeled').logits, views['weak'][3:] * 2)
    torch.testing.assert_close(found.output('a', 'strong', 'unlabeled').logits, views['strong'][:3] * 2)
    found = run(nodes, views, ('a', 'weak', 'labeled'), ('a', 'weak', 'all'), labels=torch.tensor([-1, 1, -1, 2, -1]))
    torch.testing.assert_close(found.output('a', 'weak', 'labeled').logits, views['weak'][[1, 3]] * 2)


def test_a_prediction_needs_plain_images(nodes, views):
    with pytest.raises(UserError, match='makes the views strong, weak; a prediction needs plain images'):
        run(nodes, views, ('a', None, 'all'))
