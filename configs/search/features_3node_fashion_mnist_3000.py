# Search for a three-node graph of feature losses by layer and four gates on 3,000 images of Fashion-MNIST.
#   tools/dist_search.sh configs/search/features_3node_fashion_mnist_3000.py 2
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py', '../_base_/spaces/features.py']

search = dict(
    trials=150,
    space={'model.nodes.net[23].network': dict(resnet8=_base_.resnet8, wrn10_1=_base_.wrn10_1)},
    retrain='../dml/dml_3node_fashion_mnist_3000.py',
)
# The same bits, sooner; see docs/performance.md.
train_dataloader = dict(in_memory=True)
val_dataloader = dict(in_memory=True)
