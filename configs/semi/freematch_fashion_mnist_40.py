# FreeMatch (Wang et al., ICLR 2023) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/freematch_fashion_mnist_40.py
_base_ = ['freematch_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
