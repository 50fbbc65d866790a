"""The dashboard: web pages for people who watch the model, made by Streamlit."""
