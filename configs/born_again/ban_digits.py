# Born-again networks (Furlanello et al., ICML 2018) on handwritten digits: a small ResNet, and two more generations
# that learn from the one before alone. Each generation is a stage, a run in a folder of its own; in the last one the
# ensembles of two and of three generations are measured, too.
#   python tools/train.py configs/born_again/ban_digits.py
_base_ = [
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='KnowledgeTransferGraph',
    target='net',
    nodes=dict(net=dict(type='NetworkNode', network=_base_.resnet8)),
    edges={'label->net': dict(loss=dict(type='CrossEntropy'))},
)
from_teacher = {'_delete_': True, 'teacher->net': dict(loss=dict(type='KLDivergence', temperature=1.0))}
stages = [
    dict(name='gen0'),
    dict(
        name='gen1',
        model=dict(
            nodes=dict(teacher=dict(type='NetworkNode', stage=dict(name='gen0', node='net'))),
            edges=from_teacher,
        ),
    ),
    dict(
        name='gen2',
        model=dict(
            nodes=dict(
                first=dict(type='NetworkNode', stage=dict(name='gen0', node='net')),
                teacher=dict(type='NetworkNode', stage=dict(name='gen1', node='net')),
                ensemble_2=dict(type='EnsembleNode', members=['first', 'teacher']),
                ensemble_3=dict(type='EnsembleNode', members=['first', 'teacher', 'net']),
            ),
            edges=from_teacher,
        ),
    ),
]
