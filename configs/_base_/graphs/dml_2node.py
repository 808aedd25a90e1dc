# Deep mutual learning (Zhang et al., CVPR 2018): everybody learns the label and from everybody else. All nodes learn at
# once; `model.update=dict(type='SequentialUpdate')` is the original, one node after another.
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'label->net2': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence')),
        'net1->net2': dict(loss=dict(type='KLDivergence')),
    },
)
