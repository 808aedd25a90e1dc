# Food-101: 101 dishes, 75,750 training and 25,250 test images. Everything but the data set is images_224.py's.
# Download: tools/download_dataset.py food101 --data-root data/food101
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=101)
train_dataloader = dict(dataset=dict(type='Food101', data_root='data/food101/food-101'))
val_dataloader = dict(dataset=dict(type='Food101', data_root='data/food101/food-101'))
test_dataloader = val_dataloader
