# Deep mutual learning with 6 nodes.
_base_ = ['dml_5node.py']

model = dict(
    nodes=dict(net6=dict(type='NetworkNode')),
    edges={
        'label->net6': dict(loss=dict(type='CrossEntropy')),
        'net6->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net6': dict(loss=dict(type='KLDivergence')),
        'net6->net2': dict(loss=dict(type='KLDivergence')),
        'net2->net6': dict(loss=dict(type='KLDivergence')),
        'net6->net3': dict(loss=dict(type='KLDivergence')),
        'net3->net6': dict(loss=dict(type='KLDivergence')),
        'net6->net4': dict(loss=dict(type='KLDivergence')),
        'net4->net6': dict(loss=dict(type='KLDivergence')),
        'net6->net5': dict(loss=dict(type='KLDivergence')),
        'net5->net6': dict(loss=dict(type='KLDivergence')),
    },
)
