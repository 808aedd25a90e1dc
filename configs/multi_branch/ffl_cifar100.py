# Feature fusion learning: two ResNet-32 on CIFAR-100.
# Published accuracy of one branch, FFL-S (PCL's table): 72.18 +- 0.11. Weight decay as in the authors' code.
#   python tools/train.py configs/multi_branch/ffl_cifar100.py
_base_ = [
    '../_base_/graphs/ffl.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2']})
optim_wrapper = dict(optimizer=dict(weight_decay=1e-4), paramwise_cfg=dict(nodes=dict(fusion=dict(weight_decay=1e-5))))
default_hooks = dict(checkpoint=dict(save_best='fusion/accuracy/top1'))
