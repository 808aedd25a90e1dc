# Multiple Student (Ke et al., ICCV 2019): four networks; at each iteration they are paired at random, and each pair is
# a Dual Student.
_base_ = ['dual_student.py']

_students = ['net1', 'net2', 'net3', 'net4']
_label, _consistency = _base_.model.edges['label->net1'], _base_.model.edges['net1->net1']
_stabilization = dict(
    loss=dict(type='ProbabilityMSE'),
    gate=dict(type='StabilityGate', threshold=0.8, other_view='weak2', students=_students),
    weight=50.0,
    views=dict(source='weak', target='weak'),
    samples='unlabeled',
)
_edges = {}
for _name in _students:
    _edges[f'label->{_name}'] = _label
    _edges[f'{_name}->{_name}'] = _consistency
for _name in _students:
    for _other in _students:
        if _other != _name:
            _edges[f'{_other}->{_name}'] = _stabilization

model = dict(nodes=dict(net3=dict(type='NetworkNode'), net4=dict(type='NetworkNode')), edges=_edges)
