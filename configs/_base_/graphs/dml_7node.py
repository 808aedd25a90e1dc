# Deep mutual learning with 7 nodes.
_base_ = ['dml_6node.py']

model = dict(
    nodes=dict(net7=dict(type='NetworkNode')),
    edges={
        'label->net7': dict(loss=dict(type='CrossEntropy')),
        'net7->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net7': dict(loss=dict(type='KLDivergence')),
        'net7->net2': dict(loss=dict(type='KLDivergence')),
        'net2->net7': dict(loss=dict(type='KLDivergence')),
        'net7->net3': dict(loss=dict(type='KLDivergence')),
        'net3->net7': dict(loss=dict(type='KLDivergence')),
        'net7->net4': dict(loss=dict(type='KLDivergence')),
        'net4->net7': dict(loss=dict(type='KLDivergence')),
        'net7->net5': dict(loss=dict(type='KLDivergence')),
        'net5->net7': dict(loss=dict(type='KLDivergence')),
        'net7->net6': dict(loss=dict(type='KLDivergence')),
        'net6->net7': dict(loss=dict(type='KLDivergence')),
    },
)
