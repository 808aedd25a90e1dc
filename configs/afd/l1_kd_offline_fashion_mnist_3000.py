# L1 alignment and distillation from a trained ResNet-8 into another one, on 3,000 images of Fashion-MNIST: a baseline of
# AFD, in two stages.
#   python tools/train.py configs/afd/l1_kd_offline_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/l1_kd_offline.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net2=dict(network=_base_.resnet8)))
__teacher, __student = _base_.stages
__nodes = dict(__student.model.nodes, net1=dict(__student.model.nodes.net1, network=_base_.resnet8))
stages = [__teacher, dict(__student, model=dict(__student.model, nodes=__nodes))]
