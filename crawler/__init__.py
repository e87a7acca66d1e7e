"""The main job: crawl and export side by side, meeting only in the database."""
