package mosquittocli

import "context"

// sub subscribes and prints what comes: mosquitto_sub.
func (c *command) sub(_ context.Context) int { return 1 }
