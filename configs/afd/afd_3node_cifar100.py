# AFD of three ResNet-32 in a circle on CIFAR-100.
# Published accuracy (document 002, table 5): mean of the three 74.14, ensemble 76.64. Overlays give table 5's others.
#   python tools/train.py configs/afd/afd_3node_cifar100.py
_base_ = [
    '../_base_/graphs/afd_3node.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/afd_300e.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2', 'net3']})
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
