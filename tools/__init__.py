"""Tools for developers of Baton; nothing in the product imports them."""
