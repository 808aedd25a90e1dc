# An overlay of configs of fashion_mnist_3000: 1,000 training images in place of 3,000, in batches of 50, all of them
# kept in memory.
_loader = dict(in_memory=True, dataset=dict(train_size=1000))

train_dataloader = dict(_loader, batch_size=50)
val_dataloader = _loader
test_dataloader = dict(in_memory=True)
