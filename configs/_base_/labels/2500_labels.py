# An overlay: 2,500 of the training images have labels.
train_dataloader = dict(dataset=dict(num_labels=2500))
