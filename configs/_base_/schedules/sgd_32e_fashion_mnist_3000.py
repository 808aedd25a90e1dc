# 32 epochs of 3,000 images, validated at the end.
_base_ = ['sgd_20e_fashion_mnist.py']

train_cfg = dict(max_epochs=32, val_interval=32)
