# Oxford-IIIT Pets for a search: the training images split half and half; the test set is seen by test_dataloader alone.
# The thesis searches on Dogs, Cars and CUB alone; this is how ours are split.
_base_ = ['oxford_pets.py']

train_dataloader = dict(dataset=dict(type='Split', of='OxfordIIITPet', part='train', val_size=0.5))
val_dataloader = dict(dataset=dict(type='Split', of='OxfordIIITPet', part='val', val_size=0.5, split='trainval'))
