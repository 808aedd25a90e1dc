# An overlay: the student learns from the teacher itself, as in plain distillation.
stages = [
    _base_.stages[0],
    dict(
        _base_.stages[2],
        model=dict(
            _base_.stages[2].model,
            nodes=dict(
                _base_.stages[2].model.nodes,
                teacher=dict(type='NetworkNode', stage=dict(name='teacher', node='net')),
            ),
        ),
    ),
]
