# Search for a three-node graph of four gates on 3,000 images of Fashion-MNIST, an hour and a half on two CPU threads.
#   tools/dist_search.sh configs/search/ktg_3node_fashion_mnist_3000.py 2
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py', '../_base_/spaces/four_gates.py']

search = dict(
    trials=150,
    space={'model.nodes.net[23].network': dict(resnet8=_base_.resnet8, wrn10_1=_base_.wrn10_1)},
    retrain='../dml/dml_3node_fashion_mnist_3000.py',
)
# The same bits, sooner; see docs/performance.md.
train_dataloader = dict(in_memory=True)
val_dataloader = dict(in_memory=True)
