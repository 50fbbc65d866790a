"""The processes of the service: workers, the one that watches them, the shadow model."""
