# DKPP, the teacher's wrong classes permuted: a DenseNet-112-33 and its next generation on CIFAR-100.
# Published error (document 004, table 2): 17.84 %; teacher 18.25, BAN 16.95 %.
#   python tools/train.py configs/born_again/dkpp_cifar100.py
_base_ = [
    '../_base_/graphs/born_again_dkpp.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet112_33)))
