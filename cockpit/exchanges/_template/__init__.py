"""What a new exchange is begun from: copy this folder, name it, fill in what raises NotImplementedError.

The way is docs/adding-a-venue.md. No registry names it and nothing imports it; it is typed and linted like the others,
so that it stays true to what `base` asks for.
"""
