# Collaborative learning (Song and Chai): four ResNet-32 on CIFAR-100.
# Published accuracy of a head: 72.33 +- 0.46 (PCL's table); 73.68 +- 0.26 with four nodes (thesis).
#   python tools/train.py configs/multi_branch/song_chai_cifar100.py
_base_ = [
    '../_base_/graphs/song_chai.py',
    '../_base_/datasets/cifar100_batch128.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet32) for name in ['net1', 'net2', 'net3', 'leader']})
default_hooks = dict(checkpoint=dict(save_best='leader/accuracy/top1'))
