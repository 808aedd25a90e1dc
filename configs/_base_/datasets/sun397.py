# SUN397, scenes: 397 classes, 19,850 training and 19,850 test images, the first of the ten published divisions.
# Everything but the data set is images_224.py's. Download: tools/download_dataset.py sun397 (37 GB)
# Some of its files are named .jpg and are others, GIF among them, which Pillow reads and OpenCV may not.
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=397)

__load = dict(type='LoadImage', imdecode_backend='pillow')
train_pipeline = [_base_.train_pipeline[0], __load, *_base_.train_pipeline[2:]]
test_pipeline = [__load, *_base_.test_pipeline[1:]]

train_dataloader = dict(dataset=dict(type='SUN397', data_root='data/sun397', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(type='SUN397', data_root='data/sun397', pipeline=test_pipeline))
test_dataloader = val_dataloader
