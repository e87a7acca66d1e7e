"""Who may use the web: tokens, signed-in browsers, roles, limits on failed logins."""
