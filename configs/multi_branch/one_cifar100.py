# ONE: four ResNet-32 on CIFAR-100.
# Published error, the mean over the branches (document 003, table 2): 25.76 +- 0.04 %; a ResNet-32 on its own
# 28.39 +- 0.04 %.
#   python tools/train.py configs/multi_branch/one_cifar100.py
_base_ = [
    '../_base_/graphs/one.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2', 'net3', 'leader']})
default_hooks = dict(checkpoint=dict(save_best='leader/accuracy/top1'))
