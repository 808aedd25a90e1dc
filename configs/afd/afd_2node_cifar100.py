# AFD of two ResNet-32 on CIFAR-100.
# Published accuracy (document 002, table 3): mean of the two 74.03, ensemble 75.64; a ResNet-32 on its own 69.38. The
# other pairs of tables 3 and 4 are overlays: see docs/reproduction/adversarial.md.
#   python tools/train.py configs/afd/afd_2node_cifar100.py
_base_ = [
    '../_base_/graphs/afd_2node.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/afd_300e.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.resnet32)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
