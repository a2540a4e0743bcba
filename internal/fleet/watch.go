package fleet

import (
	"context"
	"fmt"

	"dunlin/mqtt"
)

// Watch looks at what devices publish, of this process or not, by the rules of a profile, until ctx ends or the client
// does. It tells of each break and each recommendation not followed, one at a time, and how many messages it saw.
func Watch(ctx context.Context, client *mqtt.Client, profile string, onBreak func(Break)) (seen int, err error) {
	var rules Rules = NewHomeAssistantRules(onBreak)
	if profile == Sparkplug {
		rules = newSparkplugRules(onBreak)
	}
	messages := make(chan *mqtt.Received)
	var list []mqtt.Subscription
	for _, filter := range rules.Filters() {
		list = append(list, mqtt.Subscription{Filter: filter, QoS: mqtt.AtLeastOnce, Handler: func(_ context.Context, m *mqtt.Received) {
			select {
			case messages <- m:
			case <-ctx.Done():
			}
		}})
	}
	if _, err := client.Subscribe(ctx, list...); err != nil {
		return 0, fmt.Errorf("the check: %w", err)
	}
	for {
		select {
		case m := <-messages:
			seen++
			rules.See(m)
		case <-client.Done():
			return seen, client.Err()
		case <-ctx.Done():
			rules.End()
			return seen, nil
		}
	}
}
