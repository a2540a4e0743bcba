// Command dunlin is an MQTT client: it runs scripts, publishes and subscribes,
// and serves a development broker. See "dunlin help".
package main

import (
	"os"

	"dunlin/internal/cli"
)

func main() { os.Exit(cli.Main()) }
