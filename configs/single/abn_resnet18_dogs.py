# ABN ResNet-18 alone on Stanford Dogs. Published accuracy: 68.13 +- 0.16 (mean of two).
#   python tools/train.py configs/single/abn_resnet18_dogs.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/stanford_dogs.py',
    '../_base_/models/networks_imagenet.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.abn_resnet18)))
