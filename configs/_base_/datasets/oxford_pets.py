# Oxford-IIIT Pets: 37 breeds of cats and dogs, 3,680 training and 3,669 test images. Everything but the data set is
# images_224.py's. Download: tools/download_dataset.py oxford_pets
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=37)
train_dataloader = dict(dataset=dict(type='OxfordIIITPet', data_root='data/oxford_pets', split='trainval'))
val_dataloader = dict(dataset=dict(type='OxfordIIITPet', data_root='data/oxford_pets'))
test_dataloader = val_dataloader
