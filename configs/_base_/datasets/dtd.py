# DTD, textures: 47 classes, 3,760 training images (with the validation images) and 1,880 test images, the first of the
# ten published divisions. Everything but the data set is images_224.py's.
# Download: tools/download_dataset.py dtd --data-root data/dtd
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=47)
train_dataloader = dict(dataset=dict(type='DTD', data_root='data/dtd/dtd', split='trainval'))
val_dataloader = dict(dataset=dict(type='DTD', data_root='data/dtd/dtd'))
test_dataloader = val_dataloader
