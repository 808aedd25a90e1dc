# Stanford Cars for a search: the training images split half and half; the test set is seen by test_dataloader alone.
# How the thesis splits it does not say; ours keeps the proportions of the classes, the same in every run.
_base_ = ['stanford_cars.py']

train_dataloader = dict(dataset=dict(type='Split', of='StanfordCars', part='train', val_size=0.5))
val_dataloader = dict(dataset=dict(type='Split', of='StanfordCars', part='val', val_size=0.5, split='train'))
