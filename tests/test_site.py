"""The site's reference is written out of the registered classes (``docs/_ext``); Sphinx itself runs in ``.ci/run``."""

import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[1] / 'docs' / '_ext'


@pytest.fixture(scope='module')
def extensions():
    """The modules of the site's extension."""
    sys.path.insert(0, str(EXTENSIONS))
    try:
        import gate_curves
        import published
        import reference
    finally:
        sys.path.remove(str(EXTENSIONS))
    yield reference, gate_curves, published
    for name in ('reference', 'gate_curves', 'published'):
        sys.modules.pop(name)


def test_every_class_is_on_a_page(extensions):
    reference, *_ = extensions
    pages = dict(reference.page(*entry) for entry in reference.kinds())
    assert [*pages][:4] == ['nodes', 'losses', 'gates', 'alignments']
    for registry, classes in reference.kinds():
        text = reference.page(registry, classes)[1]
        for one in classes:
            assert f':: {one.__module__}.{one.__name__}\n' in text
    assert "   dict(type='KLDivergence', temperature=1.0, sharpening=1.0, standardize=False)\n" in pages['losses']
    assert "   dict(type='SineGate', frequency=..., phase=...)\n" in pages['gates']
    assert '.. image:: SineGate.svg' in pages['gates'] and '.. autoclass:: ktg_mm.models.gates.sine.' in pages['gates']
    assert '\nSplit\n-----\n' in pages['data_sets'] and '.. autofunction:: ktg_mm.datasets.' in pages['data_sets']


def test_a_new_loss_is_there_by_itself(extensions, monkeypatch):
    from ktg_mm.models.losses import EdgeLoss
    from ktg_mm.registry import LOSSES

    class Newest(EdgeLoss):
        """Half of nothing (Doe et al., ICML 2031, eq. 3). More of it."""

        __module__, __qualname__ = 'ktg_mm.models.losses.newest', 'Newest'

        def __init__(self, share: float = 0.5) -> None:
            super().__init__()

    monkeypatch.setitem(LOSSES.module_dict, 'Newest', Newest)
    reference, *_ = extensions
    text = dict(reference.page(*entry) for entry in reference.kinds())['losses']
    row = '     - Half of nothing (Doe et al., ICML 2031, eq. 3)\n     - Doe et al., ICML 2031\n'
    assert f'   * - :py:obj:`Newest <ktg_mm.models.losses.newest.Newest>`\n{row}' in text
    assert "   dict(type='Newest', share=0.5)\n" in text


@pytest.mark.parametrize('kind', ['edge loss', 'gate', 'alignment', 'made view'])
def test_each_names_its_paper(extensions, kind):
    reference, *_ = extensions
    (classes,) = [classes for registry, classes in reference.kinds() if registry.name == kind]
    assert [one.__name__ for one in classes if not reference.papers(one)] == []


def test_curves_of_gates(extensions, tmp_path):
    from ktg_mm.registry import GATES

    reference, curves, _ = extensions
    steps = [0.25, 0.5, 0.75, 1.0]
    found = {one.__name__: curves.run(one, steps) for one in reference.own(GATES.module_dict.values())}
    assert all(len(weights) == 4 and 0 <= min(weights) <= max(weights) <= 1 for weights, *_ in found.values())
    assert found['LinearGate'][0] == steps and found['CutoffGate'][0] == [0] * 4
    assert found['CorrectGate'][0] == pytest.approx(found['CorrectGate'][2])
    assert found['SineGate'][0] == pytest.approx([0.1464, 0.5, 0.8536, 1.0], abs=1e-3)
    curves.draw(GATES.get('LinearGate'), tmp_path / 'gate.svg')
    assert '<svg' in (tmp_path / 'gate.svg').read_text()


def test_tables_of_numbers(extensions):
    *_, published = extensions
    rows = published.tables().splitlines()
    assert (
        '| Handwritten digits (scikit-learn) |  | net1 98.11<br>net2 98.11<br>net3 98.56<br>ensemble 98.33 |'
        ' `python tools/train.py configs/ktg/ens_3node_digits.py` |' in rows
    )
    assert '| CIFAR-100 | net1 72.88 |  | `python tools/train.py configs/ktg/ktg_2node_cifar100.py` |' in rows
