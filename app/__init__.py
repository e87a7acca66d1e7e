"""The composition root: build every object and pass it its collaborators."""
