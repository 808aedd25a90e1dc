# Teacher assistant (Mirzadeh et al., AAAI 2020): a teacher, an assistant of middle size that learns from it, and a
# student that learns from the assistant. Both learn by L_label + T^2 L_kd with T = 2, as kd.py has it; the authors
# search the balance of the two and T. Without the assistant: --with configs/_base_/graphs/no_assistant.py
# An experiment says which network stands in which stage.
def _taught_by(stage):
    return dict(
        nodes=dict(teacher=dict(type='NetworkNode', stage=dict(name=stage, node='net'))),
        edges={'teacher->net': dict(loss=dict(type='KLDivergence', temperature=2.0))},
    )


model = dict(
    type='KnowledgeTransferGraph',
    target='net',
    nodes=dict(net=dict(type='NetworkNode')),
    edges={'label->net': dict(loss=dict(type='CrossEntropy'))},
)
stages = [
    dict(name='teacher', model=dict(nodes=dict(), edges=dict())),
    dict(name='assistant', model=_taught_by('teacher')),
    dict(name='student', model=_taught_by('assistant')),
]
