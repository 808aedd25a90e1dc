# Three ResNet-8 and their ensemble on 3,000 images of Fashion-MNIST; the graph is ours.
#   python tools/train.py configs/ktg/ens_3node_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/ens_3node.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

# The last feature map has 4 x 4 cells, too few to tell places apart; the one before has 7 x 7.
_node = dict(network=_base_.resnet8, attention_layer='backbone.layer2')
model = dict(nodes={f'net{i}': _node for i in range(1, 4)})
default_hooks = dict(checkpoint=dict(save_best='ensemble/accuracy/top1'))
