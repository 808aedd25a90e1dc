# An overlay: the four anchors of a route-constrained teacher, after equal parts of its run; the student learns as long
# from each, in all as long as the teacher.
__epochs = _base_.train_cfg.max_epochs
__part = max(1, __epochs // 4)


def _stage(stage, anchor):
    teacher = dict(type='NetworkNode', stage=dict(name='teacher', node='net', epoch=anchor * __part))
    return dict(
        stage,
        model=dict(stage.model, nodes=dict(stage.model.nodes, teacher=teacher)),
        train_cfg=dict(max_epochs=__part, val_interval=__part),
    )


stages = [
    dict(_base_.stages[0], default_hooks=dict(checkpoint=dict(interval=__part, max_keep_ckpts=-1))),
    *[_stage(stage, anchor) for anchor, stage in enumerate(_base_.stages[1:], start=1)],
]
