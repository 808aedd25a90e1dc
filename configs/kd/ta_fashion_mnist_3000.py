# Teacher assistant: ResNet-20, ResNet-14 that learns from it, and ResNet-8 that learns from this one, on 3,000 images
# of Fashion-MNIST.
#   python tools/train.py configs/kd/ta_fashion_mnist_3000.py
#   python tools/train.py configs/kd/ta_fashion_mnist_3000.py --with configs/_base_/graphs/no_assistant.py
_base_ = [
    '../_base_/graphs/ta.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

__networks = dict(teacher=_base_.resnet20, assistant=_base_.resnet14, student=_base_.resnet8)
stages = [
    dict(stage, model=dict(stage.model, nodes=dict(stage.model.nodes, net=dict(network=__networks[stage.name]))))
    for stage in _base_.stages
]
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
