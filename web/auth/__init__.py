"""Access to the web: tokens, sessions of browsers, roles, limits on failed logins."""
