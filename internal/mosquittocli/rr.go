package mosquittocli

import "context"

// rr sends a request and prints the response: mosquitto_rr.
func (c *command) rr(_ context.Context) int { return 1 }
