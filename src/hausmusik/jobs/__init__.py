"""Work that survives crashes: journal, leases, resume, cancellation, progress."""
