"""The engine's API: REST, the dashboard's WebSocket, the cockpit's own stream, and who may use them."""
