# Five frozen teachers and one student, as in kd_3teachers.py.
_base_ = ['kd_3teachers.py']

_more = ['teacher4', 'teacher5']

model = dict(
    nodes={name: dict(type='NetworkNode') for name in _more},
    edges={f'{name}->student': dict(loss=dict(type='KLDivergence', temperature=2.0)) for name in _more},
)
