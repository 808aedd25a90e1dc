# The same of three networks.
_base_ = ['consistency_2node.py']

_label, _consistency = _base_.model.edges['label->net1'], _base_.model.edges['net1->net1']

model = dict(
    nodes=dict(net3=dict(type='NetworkNode')),
    edges={
        'label->net3': _label,
        'net3->net1': _consistency,
        'net3->net2': _consistency,
        'net1->net3': _consistency,
        'net2->net3': _consistency,
        'net3->net3': _consistency,
    },
)
