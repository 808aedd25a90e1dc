# Deep mutual learning of four ResNet-8 on 3,000 images of Fashion-MNIST, what the multi-branch methods are measured
# against; --with configs/_base_/edges/independent.py: each on its own.
#   python tools/train.py configs/multi_branch/dml_4node_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/dml_4node.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

_networks = [f'net{i}' for i in range(1, 5)]
model = dict(
    nodes=dict(
        {name: dict(network=_base_.resnet8) for name in _networks},
        ensemble=dict(type='EnsembleNode', members=_networks),
    )
)
default_hooks = dict(checkpoint=dict(save_best='ensemble/accuracy/top1'))
