# Route-constrained distillation of a ResNet-20 into ResNet-8 on 3,000 images of Fashion-MNIST: four anchors of the
# teacher, 8 epochs of the student for each, in all as many as the teacher's.
#   python tools/train.py configs/kd/rco_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/rco.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

__anchors = [8, 16, 24, 32]  # epochs of the teacher's 32
__kept = dict(checkpoint=dict(interval=8, max_keep_ckpts=-1))
__teacher = dict(network=dict(_base_.resnet20, _delete_=True))


def _node(epoch):
    return dict(type='NetworkNode', stage=dict(name='teacher', node='net', epoch=epoch))


model = dict(nodes=dict(net=dict(network=_base_.resnet8)))
stages = [
    dict(name='teacher', model=dict(nodes=dict(net=__teacher)), default_hooks=__kept),
    *[
        dict(
            stage,
            model=dict(stage.model, nodes=dict(stage.model.nodes, teacher=_node(epoch))),
            train_cfg=dict(max_epochs=8, val_interval=8),
        )
        for stage, epoch in zip(_base_.stages[1:], __anchors, strict=True)
    ],
]
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
