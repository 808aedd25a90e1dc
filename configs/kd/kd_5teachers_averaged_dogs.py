# As kd_5teachers_dogs.py, but the student learns from the mean of the teachers' logits: one edge from their ensemble.
# Published accuracy of the student: 69.45 +- 0.30 (thesis, table 4.9).
#   python tools/train.py configs/kd/kd_5teachers_averaged_dogs.py
_base_ = ['kd_5teachers_dogs.py']

# The edge's weight is the number of teachers, so that they count for as much as on edges of their own.
_teachers = [f'teacher{i}' for i in range(1, 6)]
model = dict(
    nodes=dict(ensemble=dict(type='EnsembleNode', members=_teachers)),
    edges={
        '_delete_': True,
        'label->student': dict(loss=dict(type='CrossEntropy')),
        'ensemble->student': dict(loss=dict(type='KLDivergence', temperature=2.0), weight=5.0),
    },
)
