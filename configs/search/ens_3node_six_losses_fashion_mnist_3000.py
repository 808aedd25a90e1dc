# Search for a graph of three networks whose ensemble is best on 3,000 images of Fashion-MNIST, with the thesis's six
# losses and four gates: 4^3 x 19^6 combinations.
# Unlike the thesis's, networks that nobody teaches learn the labels first: ../_base_/spaces/six_losses_four_gates.py.
#   tools/dist_search.sh configs/search/ens_3node_six_losses_fashion_mnist_3000.py 2
_base_ = ['../ktg/ens_3node_fashion_mnist_3000.py', '../_base_/spaces/six_losses_four_gates.py']

search = dict(trials=150, retrain='../ktg/ens_3node_fashion_mnist_3000.py')
# The same bits, sooner; see docs/performance.md.
train_dataloader = dict(in_memory=True)
val_dataloader = dict(in_memory=True)
