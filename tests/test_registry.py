import subprocess
import sys

import pytest

import ktg_mm.search.space.samplers
import ktg_mm.search.worker.asha_hook  # noqa: F401  registers
from ktg_mm.registry import GATES, LOSSES, NODES, PRUNERS, SAMPLERS, UPDATES


@pytest.mark.parametrize('default_scope', ['None', "'mmpretrain'"])
def test_parts_are_found_by_plain_names_without_any_other_import(default_scope):
    """In a fresh process: nothing is imported but the registry, and building prints no warning."""
    code = f"""
import contextlib
from mmengine.registry import DefaultScope
from ktg_mm.registry import GATES, LOSSES, NODES, PRUNERS, SAMPLERS, UPDATES
scope = {default_scope}
with DefaultScope.overwrite_default_scope(scope) if scope else contextlib.nullcontext():
    for registry, name in ((GATES, 'CorrectGate'), (LOSSES, 'KLDivergence'), (UPDATES, 'SequentialUpdate')):
        print(type(registry.build(dict(type=name))).__name__)
    print(NODES.get('EnsembleNode').__name__)
    for registry, name in ((SAMPLERS, 'TPESampler'), (PRUNERS, 'NopPruner')):
        print(type(registry.build(dict(type=name))).__name__)
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    parts = ['CorrectGate', 'KLDivergence', 'SequentialUpdate', 'EnsembleNode', 'TPESampler', 'NopPruner']
    assert done.stdout.split() == parts
    assert 'not in' not in done.stderr and 'scope' not in done.stderr


def test_registries_are_separate():
    names = [set(registry.module_dict) for registry in (NODES, LOSSES, GATES, UPDATES, SAMPLERS, PRUNERS)]
    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names))
