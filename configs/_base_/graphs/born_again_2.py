# An overlay of configs/born_again/ban_cifar100.py: two generations after the first one, which is a member of Ens*3
# (document 004, table 2: DenseNet-80-120, of which no third was trained).
def _taken(stage):
    return dict(type='NetworkNode', stage=dict(name=stage, node='net'))


__gen2 = _base_.stages[2]
__nodes = dict(
    __gen2.model.nodes,
    gen0=_taken('gen0'),
    ensemble_2=dict(type='EnsembleNode', members=['teacher', 'net']),
    ensemble_3=dict(type='EnsembleNode', members=['gen0', 'teacher', 'net']),
)
stages = [*_base_.stages[:2], dict(__gen2, model=dict(__gen2.model, nodes=__nodes))]
