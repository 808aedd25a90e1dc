# Three ResNet-8, each on its own, and their ensemble on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/independent/ens_3node_independent_fashion_mnist_3000.py
_base_ = ['../ktg/ens_3node_fashion_mnist_3000.py', '../_base_/edges/independent_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
