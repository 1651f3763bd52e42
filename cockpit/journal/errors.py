"""What may be wrong with a recording or a journal. Each message is one line: expected, found, what to do."""


class RecordingError(Exception):
    """A file that cannot be read or made as a recording. The caller shows the line and stops; nothing was changed."""


class JournalError(Exception):
    """A journal that cannot be opened or read. The caller shows the line and must not trade on what it cannot see."""
