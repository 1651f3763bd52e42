"""What the simulated market is to be like."""

from cockpit.config.base import Section


class SimulationSection(Section):
    """`profile` is the file that `cockpit history fit` wrote, from the profile's directory or as a whole path; empty
    for the market as shipped, which tells stories around the bands.
    """

    profile: str = ""
