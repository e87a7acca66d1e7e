"""What people hand in to add accounts: cookies in files and folders, and lists looked through."""
