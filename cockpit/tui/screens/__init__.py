"""What opens over the panes: sheets to read, and questions to answer."""
