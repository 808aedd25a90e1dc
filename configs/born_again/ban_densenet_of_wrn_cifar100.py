# A DenseNet-90-60 that learns from a WRN-28-1 on CIFAR-100.
# Published error of teacher and student (document 004, table 3): 30.05 and 24.93 %. With an overlay of
# configs/_base_/networks, of the teacher: wrn28_2.py 25.32 and 18.49, wrn28_5.py 20.88 and 17.52, wrn28_10.py 19.08 and
# 16.79 %. The table's caption says DenseNet-90-160; its head, Dense-90-60, as the other tables.
#   python tools/train.py configs/born_again/ban_densenet_of_wrn_cifar100.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.wrn28_1)))
__gen1 = _base_.stages[1]
__student = dict(network=dict(_base_.densenet90_60, _delete_=True))
stages = [
    dict(name='gen0'),
    dict(__gen1, model=dict(__gen1.model, nodes=dict(__gen1.model.nodes, net=__student))),
]
