# Fashion-MNIST with 3,000 training images: 5,000 others to validate on, all 10,000 test images. A search on a CPU
# takes hours, not days; with few images networks have something to teach one another.
_base_ = ['fashion_mnist.py']

_split = dict(train_size=3000, val_size=5000)

train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=_split)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=_split)
test_dataloader = dict(num_workers=0, persistent_workers=False)
