# Teacher assistant: WRN-28-2, ResNet-110 that learns from it, and ResNet-32 that learns from this one, on CIFAR-100.
# The networks are ours: document 000 names the method, and has no number of it. Plain distillation from the same
# teacher has 71.88 +- 0.78 (published accuracy, Minami et al., ACCV 2020, table 2).
#   python tools/train.py configs/kd/ta_cifar100.py
#   python tools/train.py configs/kd/ta_cifar100.py --with configs/_base_/graphs/no_assistant.py
_base_ = [
    '../_base_/graphs/ta.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

__networks = dict(teacher=_base_.wrn28_2, assistant=_base_.resnet110, student=_base_.resnet32)
stages = [
    dict(stage, model=dict(stage.model, nodes=dict(stage.model.nodes, net=dict(network=__networks[stage.name]))))
    for stage in _base_.stages
]
