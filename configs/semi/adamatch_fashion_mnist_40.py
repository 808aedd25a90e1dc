# AdaMatch (Berthelot et al., ICLR 2022) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/adamatch_fashion_mnist_40.py
_base_ = ['adamatch_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
