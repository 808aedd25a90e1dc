# Born-again DenseNet-112-33 on CIFAR-100, three generations and their ensembles.
# Published error (document 004, table 2): teacher 18.25, BAN 16.95 with another seed, BAN-1 to BAN-3 17.61, 17.22 and
# 16.59, Ens*2 15.77, Ens*3 15.68 %. The published networks may have another layout: see CIFARDenseNet.
# Wide residual networks of table 3, teacher and BAN: --with configs/_base_/networks/wrn28_1.py (published error 30.05
# and 29.43 %), wrn28_2.py (25.32, 24.38), wrn28_5.py (20.88, 20.93), wrn28_10.py (19.08, 18.25).
#   python tools/train.py configs/born_again/ban_cifar100.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet112_33)))
