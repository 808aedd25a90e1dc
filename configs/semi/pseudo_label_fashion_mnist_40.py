# Pseudo-Label (Lee, 2013) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/pseudo_label_fashion_mnist_40.py
_base_ = ['pseudo_label_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
