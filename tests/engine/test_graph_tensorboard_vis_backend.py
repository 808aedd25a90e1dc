import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ktg_mm.engine import GraphTensorboardVisBackend
from ktg_mm.engine.graph_tensorboard_vis_backend import grouped_tag


@pytest.mark.parametrize(
    ('name', 'tag'),
    [
        ('train/edge/label->net1', 'loss/label->net1'),
        ('train/gate/net2->net1:hint', 'gate/net2->net1:hint'),
        ('train/conflict/net1', 'conflict/net1'),
        ('train/loss', 'loss/sum'),
        ('train/lr', 'train/lr'),
        ('train/features/lr', 'train/features/lr'),
        ('val/net1/accuracy/top1', 'accuracy/top1/net1'),
        ('val/net1/ece', 'ece/net1'),
        ('val/time', 'val/time'),
        ('test/net1/accuracy/top1', 'test/net1/accuracy/top1'),
        ('epoch', 'epoch'),
    ],
)
def test_tags(name, tag):
    assert grouped_tag(name) == tag


def test_one_value_and_several(tmp_path):
    backend = GraphTensorboardVisBackend(str(tmp_path))
    backend.add_scalar('train/loss', 2.0, 4)
    backend.add_scalars({'train/gate/a->b': 0.5, 'val/b/ece': 0.25}, 4)
    backend.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    read = {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()['scalars']}
    assert read == {'loss/sum': [(4, 2.0)], 'gate/a->b': [(4, 0.5)], 'ece/b': [(4, 0.25)]}
