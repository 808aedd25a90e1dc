# L1 alignment and distillation from a trained ResNet-32 into another one on CIFAR-100: a baseline of AFD, in two stages.
# Published accuracy (document 002, table 1): student 71.91, teacher 69.79, ensemble 72.0. With
# --with configs/_base_/networks/wrn16_2.py 73.11, 71.52 and 74.7; some digits of the ensembles cannot be read.
#   python tools/train.py configs/afd/l1_kd_offline_cifar100.py
_base_ = [
    '../_base_/graphs/l1_kd_offline.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net2=dict(network=_base_.resnet32)))
train_dataloader = dict(batch_size=128)
__teacher, __student = _base_.stages
__nodes = dict(__student.model.nodes, net1=dict(__student.model.nodes.net1, network=_base_.resnet32))
stages = [__teacher, dict(__student, model=dict(__student.model, nodes=__nodes))]
