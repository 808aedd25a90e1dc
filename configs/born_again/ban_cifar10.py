# A born-again DenseNet-112-33 on CIFAR-10, one generation.
# Published error of teacher and BAN (document 004, table 1): 3.84 and 3.61 %. With an overlay of
# configs/_base_/networks: wrn28_1.py 6.69 and 6.64, wrn28_2.py 5.06 and 4.86, wrn28_5.py 4.13 and 4.03, wrn28_10.py
# 3.77 and 3.86, densenet90_60.py 3.81 and 3.5, densenet80_80.py 3.48 and 3.49, densenet80_120.py 3.37 and 3.54 %.
#   python tools/train.py configs/born_again/ban_cifar10.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet112_33)))
stages = _base_.stages[:2]
