# OKDDip: four ResNet-32 on CIFAR-100.
# Published error of the leader (document 003, tables 2 and 3): 25.45 +- 0.10 %, of the three others' ensemble 23.22 %;
# a ResNet-32 on its own 28.39 +- 0.04 %. Published interrater agreement: 0.633.
#   python tools/train.py configs/multi_branch/okddip_cifar100.py
#   python tools/train.py configs/multi_branch/okddip_cifar100.py --with configs/_base_/evaluators/diversity.py
_base_ = [
    '../_base_/graphs/okddip.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2', 'net3', 'leader']})
default_hooks = dict(checkpoint=dict(save_best='leader/accuracy/top1'))
