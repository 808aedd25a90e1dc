# Three ResNet-8 whose attention maps attract one another, and their ensemble, on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/ktg/ens_3node_attention_attract_fashion_mnist_3000.py
_base_ = ['ens_3node_fashion_mnist_3000.py', '../_base_/edges/attention_attract_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.attention_attract))
