"""Schedules of the learning rate."""

from .partial_cosine_lr import PartialCosineLR
