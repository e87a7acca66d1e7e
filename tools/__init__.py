"""Tools for whoever develops Baton; nothing in the product imports them."""
