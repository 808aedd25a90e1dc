# Knowledge distillation (Hinton et al., 2015): a frozen teacher, which must be given a checkpoint, and one student.
# The loss is L_label + T^2 L_kd. The thesis's eq. 2.3 has (1 - a) L_label + a T^2 L_kd, but no value of a: ours is
# twice that of a = 1/2. For another one give the two edges weights.
model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence', temperature=2.0)),
    },
)
