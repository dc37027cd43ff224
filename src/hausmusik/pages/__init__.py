"""Pictures and pages that need nothing but themselves: no network, no fonts of others, no server."""
