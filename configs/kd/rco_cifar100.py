# Route-constrained distillation of a WRN-28-2 into ResNet-32 on CIFAR-100: the teacher's anchors are the ends of its
# learning rates; the student has 50 epochs for each, in all as many as the teacher, and the learning rate falls after
# as many tenths of them as the teacher's does. The networks and all of this are ours: document 000 names the method,
# and has no number of it.
#   python tools/train.py configs/kd/rco_cifar100.py
_base_ = [
    '../_base_/graphs/rco.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

__anchors = [60, 120, 180, 200]  # epochs of the teacher's 200
__kept = dict(checkpoint=dict(interval=20, max_keep_ckpts=-1))
__teacher = dict(network=dict(_base_.wrn28_2, _delete_=True))


def _node(epoch):
    return dict(type='NetworkNode', stage=dict(name='teacher', node='net', epoch=epoch))


model = dict(nodes=dict(net=dict(network=_base_.resnet32)))
stages = [
    dict(name='teacher', model=dict(nodes=dict(net=__teacher)), default_hooks=__kept),
    *[
        dict(
            stage,
            model=dict(stage.model, nodes=dict(stage.model.nodes, teacher=_node(epoch))),
            param_scheduler=dict(milestones=[15, 30, 45]),
            train_cfg=dict(max_epochs=50, val_interval=50),
        )
        for stage, epoch in zip(_base_.stages[1:], __anchors, strict=True)
    ],
]
