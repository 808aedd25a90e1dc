# CIFAR-100: everything but the data set is CIFAR-10's. Download: tools/download_dataset.py cifar100
# Normalised by its own mean and deviation, as there: our choice.
_base_ = ['cifar10.py']

data_preprocessor = dict(num_classes=100, mean=[129.304, 124.070, 112.434], std=[68.170, 65.392, 70.418])
train_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
val_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
test_dataloader = val_dataloader
