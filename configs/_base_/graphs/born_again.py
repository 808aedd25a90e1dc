# Born-again networks (Furlanello et al., ICML 2018; document 004): three generations, each of which learns from the
# one before alone, anew from random weights. The paper's cross-entropy with the teacher's output (eq. 3) is the KL
# divergence at T = 1 but for the teacher's entropy, which has no gradient. In the last stage the ensembles of BAN-1
# and BAN-2 (Ens*2) and of all three (Ens*3) are measured, too; they average logits.
def _taken(stage):
    return dict(type='NetworkNode', stage=dict(name=stage, node='net'))


__from_teacher = {'_delete_': True, 'teacher->net': dict(loss=dict(type='KLDivergence', temperature=1.0))}

model = dict(
    type='KnowledgeTransferGraph',
    target='net',
    nodes=dict(net=dict(type='NetworkNode')),
    edges={'label->net': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='gen0'),
    dict(name='gen1', model=dict(nodes=dict(teacher=_taken('gen0')), edges=__from_teacher)),
    dict(name='gen2', model=dict(nodes=dict(teacher=_taken('gen1')), edges=__from_teacher)),
    dict(
        name='gen3',
        model=dict(
            nodes=dict(
                gen1=_taken('gen1'),
                teacher=_taken('gen2'),
                ensemble_2=dict(type='EnsembleNode', members=['gen1', 'teacher']),
                ensemble_3=dict(type='EnsembleNode', members=['gen1', 'teacher', 'net']),
            ),
            edges=__from_teacher,
        ),
    ),
]
