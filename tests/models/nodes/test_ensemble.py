import pytest
import torch

from ktg_mm.models.nodes import EnsembleNode
from ktg_mm.structures import NodeOutput


@pytest.mark.parametrize('members', [2, 3, 5])
def test_mean_of_the_members_logits(members, random):
    logits = random.normal(size=(members, 4, 3))
    node = EnsembleNode([f'net{i}' for i in range(members)])
    found = node([NodeOutput(torch.tensor(values)) for values in logits]).logits
    expected = [[sum(logits[m][i][c] for m in range(members)) / members for c in range(3)] for i in range(4)]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_reads_its_members_and_has_no_parameters():
    node = EnsembleNode(('a', 'b'))
    assert node.inputs == ['a', 'b'] and not node.has_parameters and not list(node.parameters())
    with pytest.raises(ValueError, match='has no attention map, as it is of type EnsembleNode'):
        node.ask_for_attention()


@pytest.mark.parametrize('members', [[], ['a'], ['a', 'a'], 'ab', (), None, 2, [1, 2], dict(a=1, b=2), [['a'], ['b']]])
def test_wrong_members(members):
    with pytest.raises(ValueError) as caught:
        EnsembleNode(members)
    assert str(caught.value) == f'members must be a list of at least two different nodes, got {members!r}'


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_the_mean_of_half_precision_is_not_rounded_again(dtype):
    logits = (15 * torch.randn(3, 200, 20, generator=torch.Generator().manual_seed(0))).to(dtype)
    found = EnsembleNode(['a', 'b', 'c'])([NodeOutput(values) for values in logits])
    expected = torch.log_softmax(logits.double().mean(dim=0), dim=1)
    torch.testing.assert_close(found.log_probabilities().double(), expected, rtol=0, atol=2e-5)
