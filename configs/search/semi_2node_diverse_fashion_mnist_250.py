# Search for a graph of two diverse networks (thesis, ch. 5) on Fashion-MNIST with 250 labels, for a CPU. net1, a
# ResNet-8, is the target; the other is a ResNet-8 or a WRN-10-1. Graphs are trained for half as long as they will be,
# and compared after 150, 300 and 600 iterations.
#   tools/dist_search.sh configs/search/semi_2node_diverse_fashion_mnist_250.py 2
_base_ = ['../semi/consistency_2node_fashion_mnist_250.py', '../_base_/spaces/diverse_space.py']

param_scheduler = dict(end=750)
train_cfg = dict(max_iters=750, val_interval=150)
search = dict(
    trials=32,
    space={
        'model.nodes.net2.network': dict(resnet8=_base_.resnet8, wrn10_1=_base_.wrn10_1),
        'model.edges.net?->net?': dict(ema=dict(decay=0.99)),
    },
    retrain='../semi/consistency_2node_fashion_mnist_250.py',
)
