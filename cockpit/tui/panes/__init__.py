"""One file a pane: each is a pure function from what is known to lines that fit a width and a height."""
