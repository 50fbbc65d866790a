"""The model as a folder of text files: written by training, checked and read by scoring and monitoring."""
