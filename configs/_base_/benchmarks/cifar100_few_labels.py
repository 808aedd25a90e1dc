# The benchmark's group of few labels on CIFAR-100: 10,000 labels among 50,000 images, configs/semi/*_cifar100.py with
# WRN-28-2. The budget is ours: 200 passes for each image.
benchmark = dict(configs='cifar100', files=['networks/wrn28_2'], epochs=200)
