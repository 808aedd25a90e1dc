# An overlay: 400 of the training images have labels.
train_dataloader = dict(dataset=dict(num_labels=400))
