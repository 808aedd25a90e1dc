# A folder of images, data/images/train/CLASS/* and data/images/test/CLASS/*: a fifth of the training images, the
# classes in their proportions, is for validation. Mean, standard deviation and crops are ImageNet's, as for weights
# from there. An experiment gives data_preprocessor.num_classes, and data_root three times if the folder is another.
_base_ = ['images_224.py']

__crop = dict(type='RandomResizedCrop', scale=224)
train_pipeline = [*_base_.train_pipeline[:2], __crop, *_base_.train_pipeline[3:]]

__folder = dict(_delete_=True, data_root='data/images')
__split = dict(**__folder, type='Split', of='CustomDataset', val_size=0.2, data_prefix='train')

train_dataloader = dict(dataset=dict(**__split, part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**__split, part='val', pipeline=_base_.test_pipeline))
test_dataloader = dict(
    dataset=dict(**__folder, type='CustomDataset', data_prefix='test', test_mode=True, pipeline=_base_.test_pipeline)
)
