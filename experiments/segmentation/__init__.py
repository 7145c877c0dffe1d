"""Training of SAGE's segmentation model on paragraph boundaries."""
