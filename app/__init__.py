"""The composition root: builds every object and hands it its collaborators."""
