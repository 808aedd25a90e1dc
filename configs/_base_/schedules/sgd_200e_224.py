# An overlay, after a data set of 224 pixels that is laid over a config for CIFAR: the recipe of the thesis's chapter 3,
# batches of 64 images. How long networks learn from photographs the thesis does not say: CIFAR's 200 epochs are our
# choice. What CIFAR's readers alone know is left out.
_base_ = ['sgd_200e_cifar.py']

__images, __test_images = (
    {key: value for key, value in loader.dataset.items() if key != 'download'}
    for loader in (_base_.train_dataloader, _base_.val_dataloader)
)

train_dataloader = dict(batch_size=64, dataset=dict(_delete_=True, **__images))
val_dataloader = dict(dataset=dict(_delete_=True, **__test_images))
test_dataloader = val_dataloader
