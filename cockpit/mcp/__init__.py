"""The engine as an MCP server: the same calls as the API's, for a model that looks, proposes and sheds."""
