# Deep mutual learning with 3 nodes.
_base_ = ['dml_2node.py']

model = dict(
    nodes=dict(net3=dict(type='NetworkNode')),
    edges={
        'label->net3': dict(loss=dict(type='CrossEntropy')),
        'net3->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net3': dict(loss=dict(type='KLDivergence')),
        'net3->net2': dict(loss=dict(type='KLDivergence')),
        'net2->net3': dict(loss=dict(type='KLDivergence')),
    },
)
