"""The HTTP edge: it translates requests and errors, and holds no rule of the business."""
