# Minami et al., ACCV 2020, on Tiny-ImageNet: 80 epochs, learning rate 0.1, x0.1 at 40, 60 and 70; all else as on
# CIFAR. As an overlay it goes over a config for CIFAR, beside datasets/tiny_imagenet.py.
_base_ = ['sgd_200e_cifar.py']

param_scheduler = dict(milestones=[40, 60, 70])
train_cfg = dict(max_epochs=80, val_interval=80)
