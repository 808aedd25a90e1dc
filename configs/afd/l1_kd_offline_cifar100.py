# L1 alignment and distillation from a trained ResNet-32 into another one on CIFAR-100, in two stages: AFD's baseline.
# Published accuracy (document 002, table 1): student 71.91, teacher 69.79, ensemble 72.0. Of WRN-16-2, an overlay,
# 73.11 and 71.52, ensemble 74.7. Of both ensembles the last digit cannot be read.
#   python tools/train.py configs/afd/l1_kd_offline_cifar100.py
#   python tools/train.py configs/afd/l1_kd_offline_cifar100.py --with configs/_base_/networks/wrn16_2.py
_base_ = [
    '../_base_/graphs/l1_kd_offline.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
