# ImageNet (ILSVRC 2012), published protocol: train on the official training images, evaluate on the 50,000 validation
# images. data/imagenet/{train,val}/CLASS/*.JPEG, or meta/{train,val}.txt beside the folders, as mmpretrain reads them;
# the images must be asked for at image-net.org, no tool downloads them. Augmentation and normalisation are the usual
# ones, our choice.
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=1000)
train_dataloader = dict(num_workers=8, dataset=dict(type='ImageNet', data_root='data/imagenet'))
val_dataloader = dict(num_workers=8, dataset=dict(type='ImageNet', data_root='data/imagenet', split='val'))
test_dataloader = val_dataloader
