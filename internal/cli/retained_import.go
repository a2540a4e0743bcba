package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/feed"
	"dunlin/internal/retained"
	"dunlin/mqtt"
)

// measured is a source of messages whose number is known.
type measured = feed.Measured

// manyFilters is up to how many topics are asked for one by one, and not by listing all that there are.
const manyFilters = 50

// expected is what a broker has to have after an import.
type expected struct {
	message retained.Digest
	until   time.Time // zero: for ever
}

// plan is what is in a file.
type plan struct {
	topics     map[string]expected
	messages   int
	properties bool   // some have properties of MQTT 5
	expired    string // what is said of messages that have expired
}

func (r *retainedFlags) importFile(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usagef("retained import: one file, which export has written")
	}
	if err := r.start(cmd, nil, "#"); err != nil {
		return err
	}
	file, err := retained.Open(args[0])
	if err != nil {
		return failf("retained import: %w", err)
	}
	defer func() { _ = file.Close() }() // which was only read
	p, err := read(cmd.Context(), file)
	if err != nil {
		return failf("retained import: %w; nothing was published", err)
	}
	if !r.yes {
		a.note("retained import: %s would be published%s; nothing is done without --yes", messages(p.messages), p.expired)
		return nil
	}
	if p.messages == 0 {
		a.note("retained import: the file has no retained message to publish%s", p.expired)
		return nil
	}
	return r.with(a, cmd, func(ctx context.Context, c *mqtt.Client) error { return r.importTo(ctx, a, c, file, p) })
}

// importTo publishes what is in the file, and looks whether the broker has it.
func (r *retainedFlags) importTo(ctx context.Context, a *app, c *mqtt.Client, file *retained.Reader, p plan) error {
	if p.properties && c.ConnAck().Version != mqtt.V5 {
		return failf("retained import: messages have properties, and this broker speaks no MQTT 5; nothing was published")
	}
	if err := file.Rewind(p.messages); err != nil {
		return failf("retained import: %w", err)
	}
	if err := r.publish(ctx, a, c, file, "published"); err != nil {
		return err
	}
	return r.verify(ctx, a, c, p)
}

// read reads the whole file, so that nothing is published where a line is wrong.
func read(ctx context.Context, file *retained.Reader) (plan, error) {
	p := plan{topics: map[string]expected{}}
	for {
		m, err := file.Next(ctx)
		if errors.Is(err, io.EOF) {
			if file.Expired > 0 {
				p.expired = fmt.Sprintf("; %d more have expired", file.Expired)
			}
			return p, nil
		}
		if err != nil {
			return p, err
		}
		e := expected{}
		if e.message, err = retained.DigestOf(m, true); err != nil {
			return p, err
		}
		if m.Properties != nil {
			p.properties = true
			if expiry := m.Properties.MessageExpiry; expiry != nil {
				e.until = time.Now().Add(*expiry)
			}
		}
		p.messages++
		p.topics[m.Topic] = e // of two on one topic the last one stays
	}
}

// verify looks whether the broker has what the file has.
func (r *retainedFlags) verify(ctx context.Context, a *app, c *mqtt.Client, p plan) error {
	listing := r.listing()
	listing.Exact = true
	listing.Filters = filtersOf(p.topics)
	missing := p.topics
	_, err := listing.Run(ctx, c, func(m *mqtt.Received, _ time.Time) error {
		want, ours := missing[m.Topic]
		if !ours {
			return nil
		}
		got, err := retained.DigestOf(m.Message(), true)
		if got == want.message {
			delete(missing, m.Topic)
		}
		return err
	})
	if err != nil {
		return err
	}
	example := ""
	for topic, e := range missing {
		if !e.until.IsZero() && !time.Now().Before(e.until) {
			delete(missing, topic)
			continue
		}
		example = topic
	}
	a.note("retained import: %s published%s", messages(p.messages), p.expired)
	if len(missing) > 0 {
		return &failure{status: ExitRejected, err: fmt.Errorf("retained import: %s missing or different, such as %q", messages(len(missing)), example), hint: "the broker refuses it, or it was published again"}
	}
	return nil
}

// filtersOf returns filters that all the topics match: a wildcard at the beginning stands for no topic with a dollar sign.
func filtersOf(topics map[string]expected) []string {
	var all []string
	for topic := range topics {
		if len(topics) <= manyFilters || strings.HasPrefix(topic, "$") {
			all = append(all, topic)
		}
	}
	if len(topics) > manyFilters {
		all = append(all, "#")
	}
	return all
}
