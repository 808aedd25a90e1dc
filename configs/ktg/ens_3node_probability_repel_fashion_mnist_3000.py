# Three ResNet-8 whose probabilities repel one another, and their ensemble, on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/ktg/ens_3node_probability_repel_fashion_mnist_3000.py
_base_ = ['ens_3node_fashion_mnist_3000.py', '../_base_/edges/probability_repel_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.probability_repel))
