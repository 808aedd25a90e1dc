# Deep mutual learning with 5 nodes.
_base_ = ['dml_4node.py']

model = dict(
    nodes=dict(net5=dict(type='NetworkNode')),
    edges={
        'label->net5': dict(loss=dict(type='CrossEntropy')),
        'net5->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net5': dict(loss=dict(type='KLDivergence')),
        'net5->net2': dict(loss=dict(type='KLDivergence')),
        'net2->net5': dict(loss=dict(type='KLDivergence')),
        'net5->net3': dict(loss=dict(type='KLDivergence')),
        'net3->net5': dict(loss=dict(type='KLDivergence')),
        'net5->net4': dict(loss=dict(type='KLDivergence')),
        'net4->net5': dict(loss=dict(type='KLDivergence')),
    },
)
