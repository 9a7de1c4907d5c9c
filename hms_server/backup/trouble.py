"""What every trouble with backups is: one sentence for whoever looks after the server."""


class BackupFailed(Exception):  # noqa: N818 - "failed" says more than the suffix would
    """No backup was made, or one could not be used; the sentence says why and what to do."""


class BackupStopped(BackupFailed):
    """The server is being stopped; the backup is made at its next start."""
