"""The application table: raw columns of one applicant, and the rules inside an application."""
