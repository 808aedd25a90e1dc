import pytest

from ktg_mm.config.type_check import check_type, class_of, default_arguments
from ktg_mm.errors import ConfigError
from ktg_mm.models.gates import CutoffGate
from ktg_mm.registry import GATES


@pytest.mark.parametrize('kind', ['CutoffGate', CutoffGate])
def test_class(kind):
    assert check_type(dict(type=kind, _scope_='mmpretrain'), GATES, 'key', 'gate') is CutoffGate
    assert class_of(GATES, dict(type=kind)) is CutoffGate


def test_no_class():
    assert class_of(GATES, dict(type='NoGate')) is None


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(type='CutofGate'), "key.type: unknown gate 'CutofGate'; did you mean 'CutoffGate'?"),
        (dict(type='CutoffGate', share=1), "key: CutoffGate has no argument 'share'; it takes none"),
        (
            dict(type='ThresholdGate', treshold=1),
            "key: ThresholdGate has no argument 'treshold'; did you mean 'threshold'?",
        ),
        (dict(share=1), "key: must be the dict of one gate with a 'type', got {'share': 1}"),
        ('CutoffGate', "key: must be the dict of one gate with a 'type', got 'CutoffGate'"),
    ],
)
def test_mistakes(cfg, message):
    with pytest.raises(ConfigError) as caught:
        check_type(cfg, GATES, 'key', 'gate')
    assert str(caught.value) == message


def test_defaults():
    class Part:
        def __init__(self, a, b=2, *, c=None, **others):
            pass

    assert default_arguments(Part) == dict(b=2, c=None) and default_arguments(None) == {}
