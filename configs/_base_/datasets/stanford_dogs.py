# Stanford Dogs, published protocol: train on the official 12,000 training images, evaluate on the 8,580 test images.
# stanford_dogs_search.py splits the training images instead. Download: tools/download_dataset.py stanford_dogs
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=120)
train_dataloader = dict(dataset=dict(type='StanfordDogs', data_root='data/stanford_dogs'))
val_dataloader = dict(dataset=dict(type='StanfordDogs', data_root='data/stanford_dogs'))
test_dataloader = val_dataloader
