# The feature fusion module without diversified classifiers: four ResNet-32 on CIFAR-100.
# Published error of the leader (document 003, table 6): 25.40 %.
#   python tools/train.py configs/multi_branch/ffm_cifar100.py
_base_ = [
    '../_base_/graphs/ffm.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2', 'net3', 'leader']})
default_hooks = dict(checkpoint=dict(save_best='leader/accuracy/top1'))
