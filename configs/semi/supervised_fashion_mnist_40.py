# Supervised learning of the labelled images alone on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/supervised_fashion_mnist_40.py
_base_ = ['supervised_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
