# Deep mutual learning of three ResNet-8, and their ensemble, on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/dml/ens_3node_dml_fashion_mnist_3000.py
_base_ = ['../ktg/ens_3node_fashion_mnist_3000.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
