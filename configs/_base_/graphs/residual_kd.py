# An overlay over distillation: residual knowledge distillation (Gao et al., 2020). The student, net1, learns the last
# feature map of the teacher, net2; an assistant, a network like it, what it lacks; both say something together. Levels,
# weights and the networks' sizes are ours: the weight is FitNets', both networks are as large as the config's student.
__hint = dict(loss=dict(type='FitNets', layers='map'), weight=100.0)
model = dict(
    target='residual',
    nodes=dict(
        assistant=dict(_base_.model.nodes.net1),
        residual=dict(type='ResidualNode', members=['net1', 'assistant']),
    ),
    edges={
        'net2->net1': dict(__hint, _delete_=True),
        'net2->residual': __hint,
        'label->residual': dict(loss=dict(type='CrossEntropy')),
    },
)
