package mosquittocli

import "context"

// pub publishes: mosquitto_pub.
func (c *command) pub(_ context.Context) int { return 1 }
