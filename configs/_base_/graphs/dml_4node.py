# Deep mutual learning with 4 nodes.
_base_ = ['dml_3node.py']

model = dict(
    nodes=dict(net4=dict(type='NetworkNode')),
    edges={
        'label->net4': dict(loss=dict(type='CrossEntropy')),
        'net4->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net4': dict(loss=dict(type='KLDivergence')),
        'net4->net2': dict(loss=dict(type='KLDivergence')),
        'net2->net4': dict(loss=dict(type='KLDivergence')),
        'net4->net3': dict(loss=dict(type='KLDivergence')),
        'net3->net4': dict(loss=dict(type='KLDivergence')),
    },
)
