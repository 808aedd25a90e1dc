# Knowledge distillation (Hinton et al., 2015): a frozen teacher, which must be given a checkpoint, and one student.
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence', temperature=2.0)),
    },
)
