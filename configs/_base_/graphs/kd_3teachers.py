# Three frozen teachers, which must be given checkpoints, and one student that learns from each by an edge of its own.
# KL at temperature T has the gradient of the soft cross-entropy, as a teacher's entropy is a constant.
_teachers = ['teacher1', 'teacher2', 'teacher3']

model = dict(
    type='KnowledgeTransferGraph',
    target='student',
    nodes={name: dict(type='NetworkNode') for name in ['student', *_teachers]},
    edges={
        'label->student': dict(loss=dict(type='CrossEntropy')),
        **{f'{name}->student': dict(loss=dict(type='KLDivergence', temperature=2.0)) for name in _teachers},
    },
)
