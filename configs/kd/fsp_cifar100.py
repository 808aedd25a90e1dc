# The flow of the solution procedure: ResNet-110 into ResNet-32 on CIFAR-100, by RepDistiller's recipe: 240 epochs for
# the teacher and the student, and 30 before for the student's layers, at the learning rate that its training begins
# with.
# Published, without a deviation: the student has 71.89, alone 71.14 (RepDistiller: ResNet-110 into ResNet-32).
#   python tools/train.py configs/kd/fsp_cifar100.py
_base_ = [
    '../_base_/graphs/fsp.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.resnet32)))
optim_wrapper = dict(optimizer=dict(lr=0.05, nesterov=False))
param_scheduler = dict(milestones=[150, 180, 210])
train_cfg = dict(max_epochs=240, val_interval=240)
__teacher, __hint, __student = _base_.stages
stages = [
    dict(__teacher, model=dict(nodes=dict(net=dict(network=dict(_base_.resnet110, _delete_=True))))),
    dict(__hint, train_cfg=dict(max_epochs=30, val_interval=30)),
    __student,
]
