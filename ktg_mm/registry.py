"""Registries of the parts that only a knowledge-transfer graph, or a search for one, has.

Everything else (models, data sets, transforms, samplers, metrics, hooks, optimiser constructors) is registered in
mmpretrain's registries, so that ``default_scope = 'mmpretrain'`` finds both libraries' parts by their plain names.
"""

from mmengine.registry import Registry

# The scope is mmpretrain's: a root registry of another scope warns at every build.
NODES = Registry('node', scope='mmpretrain', locations=['ktg_mm.models.nodes'])
LOSSES = Registry('edge loss', scope='mmpretrain', locations=['ktg_mm.models.losses'])
GATES = Registry('gate', scope='mmpretrain', locations=['ktg_mm.models.gates'])
ALIGNMENTS = Registry('alignment', scope='mmpretrain', locations=['ktg_mm.models.distribution_alignment'])
VIEWS = Registry('made view', scope='mmpretrain', locations=['ktg_mm.models.views'])
UPDATES = Registry('update', scope='mmpretrain', locations=['ktg_mm.models.updates'])
SAMPLERS = Registry('sampler', scope='mmpretrain', locations=['ktg_mm.search.space.samplers'])
PRUNERS = Registry('pruner', scope='mmpretrain', locations=['ktg_mm.search.worker.asha_hook'])
