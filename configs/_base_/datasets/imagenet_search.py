# ImageNet for a search: 50,000 of the training images to validate on; the official validation images, on which papers
# evaluate, are seen by test_dataloader alone. Nobody of the papers has searched on it: the number is ours.
_base_ = ['imagenet.py']

train_dataloader = dict(dataset=dict(type='Split', of='ImageNet', part='train', val_size=50_000))
val_dataloader = dict(dataset=dict(type='Split', of='ImageNet', part='val', val_size=50_000, split='train'))
