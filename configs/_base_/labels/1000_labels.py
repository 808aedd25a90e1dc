# An overlay: 1,000 of the training images have labels.
train_dataloader = dict(dataset=dict(num_labels=1000))
