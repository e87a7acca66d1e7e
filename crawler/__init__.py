"""The main job: crawling and exporting, side by side; they share nothing but the database."""
