# CUB-200-2011: 200 classes, 5,994 training and 5,794 test images. Everything but the data set is images_224.py's.
# cub_search.py splits the training images instead. Download: tools/download_dataset.py cub
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=200)
train_dataloader = dict(dataset=dict(type='CUB2011', data_root='data/cub'))
val_dataloader = dict(dataset=dict(type='CUB2011', data_root='data/cub'))
test_dataloader = val_dataloader
