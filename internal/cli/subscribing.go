package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// maxPacket is the largest packet that there can be: whatever a broker sends is printed.
const maxPacket = 268435455 + 5

// errTimeout is the cause of a context that -W ended.
var errTimeout = errors.New("timed out")

// subscribing holds the options of the commands that subscribe: what they ask for, and how long they wait.
type subscribing struct {
	session
	topics                   []string
	share, retainHandling    string
	retainAsPublished, local bool
	count, wait              int64

	server string // where the connection leads, for what is said of it
}

// bindSubscription adds the options of what is subscribed.
func (s *subscribing) bindSubscription(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&s.topics, "topic", "t", nil, "topic filter; may be given many times")
	f.StringVar(&s.share, "share", "", "share the messages with all that subscribe in this group")
	f.BoolVar(&s.local, "no-local", false, "leave out what this client publishes itself (MQTT 5)")
	f.BoolVar(&s.retainAsPublished, "retain-as-published", false, "keep the retain flag as it was published (MQTT 5)")
	f.StringVar(&s.retainHandling, "retain-handling", "always",
		"which retained messages come: always, never, or new: with a\nsubscription that the session did not have (MQTT 5)")
}

// bindEnd adds the option that says when it is too late.
func (s *subscribing) bindEnd(cmd *cobra.Command) {
	cmd.Flags().Int64VarP(&s.wait, "wait", "W", 0, "end after this many seconds, with status 27")
}

// retainHandlings are the words of --retain-handling.
var retainHandlings = map[string]mqtt.RetainHandling{
	"": mqtt.RetainedAlways, "always": mqtt.RetainedAlways, "new": mqtt.RetainedIfNew, "never": mqtt.RetainedNever,
}

// subscriptions returns what is asked for, from options and from positions. There may be none only where
// something else is to be done.
func (s *subscribing) subscriptions(command string, args []string, mayBeNone bool) ([]mqtt.Subscription, error) {
	filters := slices.Concat(s.topics, args)
	if s.urlTopic != "" && (len(filters) == 0 && !mayBeNone || !s.isDefault()) {
		filters = append(filters, s.urlTopic)
	}
	if len(filters) == 0 && !mayBeNone {
		return nil, usagef("%s: no topic filter; give one with -t", command)
	}
	handling, err := s.checkWords(command)
	if err != nil {
		return nil, err
	}
	list := make([]mqtt.Subscription, len(filters))
	for i, filter := range filters {
		if s.share != "" && strings.HasPrefix(filter, "$share/") {
			return nil, usagef("%s: %q has a group, and --share names one, too", command, filter)
		}
		if s.share != "" {
			filter = "$share/" + s.share + "/" + filter
		}
		list[i] = mqtt.Subscription{
			Filter: filter, QoS: mqtt.QoS(s.qos), RetainHandling: handling, ID: s.properties.Subscribe.ID,
			NoLocal: s.local, RetainAsPublished: s.retainAsPublished,
		}
		if err := list[i].Validate(s.version); err != nil {
			return nil, err
		}
	}
	if len(list) > 0 { // the user properties of all go into the one packet
		list[0].UserProperties = s.properties.Subscribe.User
	}
	return list, nil
}

// checkWords checks what is given as a word, and chooses the version that has what is asked for.
func (s *subscribing) checkWords(command string) (mqtt.RetainHandling, error) {
	handling, known := retainHandlings[s.retainHandling]
	if !known {
		return 0, usagef("%s: --retain-handling %q is not always, new or never", command, s.retainHandling)
	}
	if strings.ContainsAny(s.share, "/+#") {
		return 0, usagef("%s: --share %q is not the name of a group: it holds one of / + #", command, s.share)
	}
	wants5 := s.local || s.retainAsPublished || handling == mqtt.RetainedIfNew
	switch {
	case wants5 && s.version == mqtt.VersionAuto:
		s.version = mqtt.V5
	case wants5 && s.version != mqtt.V5:
		return 0, usagef("%s: --no-local, --retain-as-published and --retain-handling new need MQTT 5, and -V is %s", command, s.protocol)
	}
	return handling, nil
}

// receive returns what all that receive have in common.
func (s *subscribing) receive(a *app, command string) subscribe.Options {
	o := subscribe.Options{
		Out: a.out, Count: s.count, Wait: time.Duration(s.wait) * time.Second,
		Warn: func(err error) { a.note("%s: %v", command, err) },
	}
	if s.properties.Given("disconnect") {
		o.Disconnect = &s.properties.Disconnect
	}
	return o
}

// dial returns what makes the connection of a run, and has o end its session.
func (s *subscribing) dial(a *app, cmd *cobra.Command, o *subscribe.Options) subscribe.Dial {
	s.outlive(s.qos > 0)
	if s.outlives {
		o.Disconnect = new(s.farewell())
	}
	return func(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error) {
		cfg.OnError = func(err error) { a.note("%s: %v", nameOf(cmd), forUsers(err)) }
		cfg.Poison = mqtt.PoisonDropped // a line each, and the next run would get it again
		cfg.Transport.MaxPacket = maxPacket
		if s.outlives {
			noteLostSession(a, &cfg)
		}
		client, err := s.connect(ctx, a, cfg)
		if err == nil {
			s.server, _, _ = strings.Cut(client.Remote(), "?") // a WebSocket's query may be a secret
		}
		return client, err
	}
}

// noteLostSession has cfg tell of a session that ended before its run.
func noteLostSession(a *app, cfg *mqtt.Config) {
	first, told := true, cfg.OnConnect
	cfg.OnConnect = func(client *mqtt.Client) {
		if told != nil {
			told(client)
		}
		if ack := client.ConnAck(); !first && !ack.SessionPresent && ack.Version == mqtt.V5 {
			a.note("the broker has not kept the session: messages that came meanwhile are lost")
		}
		first = false
	}
}

// granted tells of subscriptions that the broker refuses, or grants less than was asked for.
func (s *subscribing) granted(a *app, command string, asked []mqtt.Subscription) func([]mqtt.ReasonCode) {
	return func(codes []mqtt.ReasonCode) {
		if !slices.ContainsFunc(codes, func(c mqtt.ReasonCode) bool { return c < 0x80 }) {
			return // which ends the run
		}
		for i, code := range codes {
			switch {
			case code >= 0x80:
				a.note("%s: the broker refuses %q: %v", command, asked[i].Filter, code)
			case int64(code) < s.qos:
				a.note("%s: the broker grants %q QoS %d, not %d", command, asked[i].Filter, code, s.qos)
			}
		}
		if a.StderrTerminal {
			a.note("subscribed, Ctrl-C to stop")
		}
	}
}

// outcome says how a command ended.
func (s *subscribing) outcome(command string, err error) error {
	switch {
	case errors.Is(err, subscribe.ErrTimeout):
		return &failure{status: ExitTimeout, err: fmt.Errorf("%s: timed out after %d s", command, s.wait)}
	case errors.Is(err, subscribe.ErrLost):
		return &failure{status: ExitLost, err: fmt.Errorf("%s %s: %w", command, s.server, err)}
	case errors.Is(err, subscribe.ErrAllRefused):
		return fmt.Errorf("%s: %w", command, err)
	}
	return err
}
