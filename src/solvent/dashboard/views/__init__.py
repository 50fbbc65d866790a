"""The pages: one file each; they draw what the readers return and hold no rule.

The folder is not called `pages`: Streamlit would run files of that name without the frame and its question who looks.
"""
