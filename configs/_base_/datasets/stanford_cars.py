# Stanford Cars: 196 classes, 8,144 training and 8,041 test images. Everything but the data set is images_224.py's.
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=196)
train_dataloader = dict(dataset=dict(type='StanfordCars', data_root='data/stanford_cars'))
val_dataloader = dict(dataset=dict(type='StanfordCars', data_root='data/stanford_cars'))
test_dataloader = val_dataloader
