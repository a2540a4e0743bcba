package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/load"
	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// bindWays adds the options that spread clients, over addresses of this machine and over brokers.
func (b *bench) bindWays(f *pflag.FlagSet) {
	f.Lookup("bind-address").Usage = "connect from this address or host name of this machine; with commas between several, which clients\ntake in turn: each has some 28,000 ports"
	f.StringArrayVar(&b.servers, "server", nil, "further broker, HOST[:PORT] or a URL, as a cluster has them; many times")
	f.StringVar(&b.order, "server-order", "shuffled", "order in which a client tries the brokers: shuffled, which spreads clients over them, turn or first\n(the others only while the first cannot be reached)")
}

// checkWays checks them.
func (b *bench) checkWays(cmd *cobra.Command) error {
	_, known := serverOrders[b.order]
	switch {
	case !known:
		return usagef("%s: --server-order=%s is not turn, first or shuffled", nameOf(cmd), b.order)
	case cmd.Flags().Changed("bind-address") && slices.Contains(b.addresses(), ""):
		return usagef("%s: -A %q has an empty address; give those of this machine with commas between", nameOf(cmd), b.bindAddress)
	}
	return nil
}

// addresses are those of -A.
func (b *bench) addresses() []string {
	all := strings.Split(b.bindAddress, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// ways returns the URL and what all clients connect with, and the ways to dial where there are several.
func (b *bench) ways(ctx context.Context) (url string, cfg mqtt.Config, ways []load.Way, err error) {
	o := b.options
	o.Version = b.version
	if len(b.servers) > 0 {
		o.Reconnect = &mqtt.Reconnect{Order: serverOrders[b.order]}
	}
	for _, o.BindAddress = range b.addresses() {
		if url, cfg, err = o.Prepare(ctx); err != nil {
			return "", cfg, nil, optionFailure(err)
		}
		ways = append(ways, cfg.Transport.Dial)
	}
	cfg.ClientID, cfg.Will = "", nil // the scenario says them
	if len(ways) == 1 {
		ways = nil
	}
	return url, cfg, ways, nil
}

// willTemplate is the will of each client, or nil.
func (b *bench) willTemplate() *scenario.Message {
	if b.willTopic == "" {
		return nil
	}
	return &scenario.Message{Topic: scenario.Name(b.willTopic), Payload: b.willPayload, QoS: byte(b.willQoS), Retain: b.willRetain}
}
