"""What a learned model is good for beside its maps: anomalies, features, classes, tuning, pictures.

Everything here takes and returns tensors and arrays; `unmix.cli` brings them to scenes.
"""
