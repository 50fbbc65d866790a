"""The pages: one file each, run by Streamlit; they draw what the readers return and hold no rule."""
