"""One file a setup, each an explicit state machine: idle -> watching -> triggered -> cooling down."""
