# Oxford 102 Flowers: 102 flowers, 2,040 training images (with the validation images) and 6,149 test images. Everything
# but the data set is images_224.py's. Download: tools/download_dataset.py flowers102
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=102)
train_dataloader = dict(dataset=dict(type='OxfordFlowers102', data_root='data/flowers102', split='trainval'))
val_dataloader = dict(dataset=dict(type='OxfordFlowers102', data_root='data/flowers102'))
test_dataloader = val_dataloader
