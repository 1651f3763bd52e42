"""What `cockpit --help` prints, made by `make docs`: the command line's library takes longer to import."""

HELP = """\
Usage: cockpit [OPTIONS] COMMAND [ARGS]...

  A terminal trading cockpit for crypto perpetuals: attaches the screen to
  this profile's engine.

  Starts an engine where none runs: paper mode, the simulated market,
  disarmed, unless told otherwise. Leaving the screen leaves the engine
  running. To get out now, whatever runs: cockpit flatten

  Example: cockpit --speed 10 --arm

Options:
  --home DIR                This profile's journal, socket and logs (or
                            COCKPIT_HOME).
  --config PATH             The config file (or COCKPIT_CONFIG).
  -V, --version             Print the version and leave.
  --mode <paper|test|live>  The engine's mode, where one is started.
  --feed sim|live|FILE      The market it sees.
  --speed X                 1 = real time, 0 = unpaced.
  --max-trades <int range>  Entries a UTC day, at most.  [x>=0]
  --arm                     Let setups trade from the start.
  --port <int range>        Where the engine's API listens; 0 = any free one.
                            [0<=x<=65535]
  --override-way-up REASON  Climb without the evidence; journalled.
  --slow                    Four pictures a second instead of ten, as over
                            SSH.
  -h, --help                Show this message and exit.

Commands:
  attach      The screen for an engine elsewhere.
  status      One look at the engine.
  flatten     The emergency road: close everything.
  halt        No entries until resumed.
  resume      Clear a halt after review.
  arm         Let setups and signals trade.
  close       Close a trade, or a share of it, at market.
  stop-at     Move a trade's stop nearer.
  trail       Let a trade's stop follow the price.
  targets     Other targets for what is open of a trade.
  hold        Give a trade a time stop, or take it away.
  cancel      Take back an entry that rests, or one target.
  reverse     Close a trade, then put its other side before the gate.
  trade       A manual entry through the gate.
  adopt       Make a position that is not ours a trade of ours.
  alarm       Set an alarm of your own, or take it away.
  do          Any line of the screen's command line.
  disarm      Open nothing more.
  mode        Choose the running engine's mode.
  bands       The assets' bands, and what is proposed instead.
  stop        End the engine.
  trades      The trades, newest first.
  verdicts    The gate's verdicts, newest first.
  log         What the engine decided, a line each.
  report      What the journal shows.
  validate    The pre-flight checklist.
  engine      The engine in the foreground, no screen.
  check       The API's test client.
  source      Sources of signals from outside: list, key, cut, lift.
  mcp         The MCP server on stdio.
  drill       Can I get out? The smallest open, a stop, and out again.
  import      Turn an exchange capture into a recording.
  replay      Run a recording through the engine.
  history     Past market data, as columns on disk.
  new         Begin a setup or a feed of your own.
  backtest    Run the engine over stored history.
  sweep       Try many settings over stored history.
  completion  Shell completion, to be sourced.
  version     Print the version and leave.
  help        Explain a command.
"""
