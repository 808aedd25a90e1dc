# kd_3teachers_fashion_mnist_3000.py, but the student learns from the mean of the teachers' logits, by one edge.
#   python tools/train.py configs/kd/kd_3teachers_averaged_fashion_mnist_3000.py
_base_ = ['kd_3teachers_fashion_mnist_3000.py']

# The edge's weight is the number of teachers, so that they count for as much as on edges of their own.
_teachers = [f'teacher{i}' for i in range(1, 4)]
model = dict(
    nodes=dict(ensemble=dict(type='EnsembleNode', members=_teachers)),
    edges={
        '_delete_': True,
        'label->student': dict(loss=dict(type='CrossEntropy')),
        'ensemble->student': dict(loss=dict(type='KLDivergence', temperature=2.0), weight=3.0),
    },
)
