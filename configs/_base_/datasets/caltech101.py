# Caltech-101: 101 classes, 30 training images of each and 5,647 test images, divided by us: nobody has published lists.
# Everything but the data set is images_224.py's. Download: tools/download_dataset.py caltech101
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=101)
train_dataloader = dict(dataset=dict(type='Caltech101Images', data_root='data/caltech101'))
val_dataloader = dict(dataset=dict(type='Caltech101Images', data_root='data/caltech101'))
test_dataloader = val_dataloader
