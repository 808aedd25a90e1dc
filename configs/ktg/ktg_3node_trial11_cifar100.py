# A three-node graph on CIFAR-100, found by a public re-implementation (../_base_/graphs/ktg_3node_trial11.py).
# Test accuracy of net1 there: 73.54, best epoch on the test set, one seed, cosine schedule (alone 71.55).
# Its linear gates move once an epoch, from 0 on; ours move at every iteration.
#   python tools/train.py configs/ktg/ktg_3node_trial11_cifar100.py
_base_ = [
    '../_base_/graphs/ktg_3node_trial11.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(network=_base_.resnet32),
        net3=dict(network=_base_.resnet110),
    )
)
