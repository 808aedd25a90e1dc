# An overlay for graphs of diverse networks: besides what is there, all networks learn from one like net2 that has
# learnt the labels alone, in a stage before, and is frozen (thesis, 5.2.3). For a search: ../spaces/frozen_teacher.py.
__label = _base_.model.edges['label->net1']
__consistency = _base_.model.edges['net1->net1']

stages = [
    dict(
        name='labels',
        model=dict(
            _delete_=True,
            type=_base_.model.type,
            target='teacher',
            nodes=dict(teacher=dict(type='NetworkNode', network=_base_.model.nodes.net2.network)),
            edges={'label->teacher': dict(loss=__label.loss, views=__label.views)},
        ),
    ),
    dict(
        name='graph',
        model=dict(
            nodes=dict(teacher=dict(type='NetworkNode', stage=dict(name='labels', node='teacher'))),
            edges={
                f'teacher->{name}': dict(
                    loss=dict(type='KLDivergence'), views=__consistency.views, samples=__consistency.samples
                )
                for name in _base_.model.nodes
            },
        ),
    ),
]
