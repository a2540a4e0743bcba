package cli

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"strings"

	"github.com/spf13/cobra"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// reads reports whether what is published comes in lines.
func (p *pub) reads() bool { return p.lines || p.lineFormat != "" }

// source checks the options that say what is published, reads what is to be read for one message, and returns
// where the messages come from. Nothing is dialed where any of it is wrong.
func (p *pub) source(ctx context.Context, a *app, cmd *cobra.Command, args []string) (feed.Source, error) {
	if err := p.oneKind(cmd, args); err != nil {
		return nil, err
	}
	m, err := p.model(cmd, args)
	if err != nil {
		return nil, err
	}
	template, err := p.parseTemplate(cmd, m)
	if err != nil {
		return nil, err
	}
	if m.Topic != "" && !(template != nil && strings.Contains(m.Topic, "{{")) {
		if err := m.Validate(p.versionFor(m)); err != nil {
			return nil, err
		}
	}
	s, err := p.input(ctx, a, cmd, &m)
	if err != nil {
		return nil, err
	}
	if template != nil {
		if err := p.try(template, m); err != nil {
			return nil, err
		}
		s = template.Fill(s)
	}
	if p.encode == "" {
		return s, nil
	}
	return p.encoded(ctx, s, m, template == nil && !p.reads())
}

// encoded returns s with its payloads decoded as --encode says. one tells that there is the payload of m only, which
// is looked at before anything is dialed.
func (p *pub) encoded(ctx context.Context, s feed.Source, m mqtt.Message, one bool) (feed.Source, error) {
	s, err := feed.Decode(s, p.encode)
	if err == nil && one {
		err = decodes(ctx, m, p.encode)
	}
	if err != nil {
		return nil, usagef("pub: --encode: %w", err)
	}
	return s, nil
}

// decodes finds out before anything is dialed whether the message is what --encode says.
func decodes(ctx context.Context, m mqtt.Message, encoding string) error {
	s, err := feed.Decode(feed.Message(m), encoding)
	if err == nil {
		_, err = s.Next(ctx)
	}
	return err
}

// oneKind checks that there is one kind of message, and not two.
func (p *pub) oneKind(cmd *cobra.Command, args []string) error {
	var kinds []string
	for _, option := range []struct{ name, shown string }{
		{"message", "-m"}, {"file", "-f"}, {"stdin-file", "-s"}, {"stdin-line", "-l"}, {"null-message", "-n"}, {"size", "--size"}, {"line-format", "--line-format"},
	} {
		if f := cmd.Flags().Lookup(option.name); f.Changed && f.Value.String() != "false" {
			kinds = append(kinds, option.shown)
		}
	}
	if p.lines && p.lineFormat != "" { // which says how the lines are
		kinds = kinds[:0]
	}
	if len(args) > 1 {
		if len(kinds) > 0 && kinds[0] == "-m" {
			return usagef("pub: the message is given twice")
		}
		p.message = args[1]
		kinds = append(kinds, "a message")
	}
	switch {
	case len(kinds) > 1:
		return usagef("pub: only one type of message can be sent at once: %s or %s", kinds[0], kinds[1])
	case len(kinds) == 0 && !p.reads() && p.template == "":
		if len(args) == 1 && hostAndPort(args[0]) {
			return usagef("pub: no message; give one with -m; if %q is the broker, write mqtt://%s", args[0], args[0])
		}
		return usagef("pub: no message; give one with -m")
	}
	return nil
}

// model puts together what all messages have in common.
func (p *pub) model(cmd *cobra.Command, args []string) (mqtt.Message, error) {
	topic, err := p.chosenTopic(args)
	if err != nil {
		return mqtt.Message{}, err
	}
	if p.lineFormat != "" {
		if p.format, err = feed.ParseLineFormat(p.lineFormat); err != nil {
			return mqtt.Message{}, usagef("pub: --line-format %w", err)
		}
	}
	switch {
	case p.format != nil && p.format.HasTopic():
		if topic != "" && topic != p.urlTopic {
			return mqtt.Message{}, usagef("pub: the topic is given twice: %q, and in each line", topic)
		}
		topic = ""
	case topic == "" && (p.format == nil || !p.format.IsJSON()):
		return mqtt.Message{}, usagef("pub: no topic; give one with -t")
	}
	m := mqtt.Message{Topic: topic, Payload: []byte(p.message), QoS: mqtt.QoS(p.qos), Retain: p.retain}
	m.Properties, err = p.messageProperties(cmd)
	return m, err
}

// chosenTopic returns the topic, which is given once; that of the environment gives
// way to it.
func (p *pub) chosenTopic(args []string) (string, error) {
	topic := p.topic
	var others []string
	if p.urlTopic != "" && !p.isDefault() {
		others = append(others, p.urlTopic)
	}
	for _, other := range append(others, args[:min(len(args), 1)]...) {
		if topic != "" {
			return "", usagef("pub: the topic is given twice: %q and %q", topic, other)
		}
		topic = other
	}
	return cmp.Or(topic, p.urlTopic), nil
}

// messageProperties returns the properties of MQTT 5 that options name; nil: none.
func (p *pub) messageProperties(cmd *cobra.Command) (*mqtt.Properties, error) {
	given := cmd.Flags().Changed
	properties := p.session.properties.Publish.Message()
	if !given("expiry") && !given("content-type") && !given("response-topic") && !given("correlation-data") {
		return properties, nil
	}
	if properties == nil {
		properties = &mqtt.Properties{}
	}
	if given("expiry") {
		expiry, err := p.duration("expiry", p.expiry)
		if err != nil {
			return nil, err
		}
		properties.MessageExpiry = &expiry
	}
	properties.ContentType = cmp.Or(p.contentType, properties.ContentType)
	properties.ResponseTopic = cmp.Or(p.responseTopic, properties.ResponseTopic)
	if given("correlation-data") {
		properties.CorrelationData = []byte(p.corrData)
	}
	return properties, nil
}

// versionFor is the version that the message is checked for: what only MQTT 5 has needs a broker that speaks it.
func (p *pub) versionFor(m mqtt.Message) mqtt.Version {
	if m.Properties != nil && p.version == mqtt.VersionAuto {
		return mqtt.V5
	}
	return p.version
}

// parseTemplate reads --template; nil: there is none.
func (p *pub) parseTemplate(cmd *cobra.Command, m mqtt.Message) (*feed.Template, error) {
	if !cmd.Flags().Changed("seed") {
		p.seed = rand.Uint64()
	}
	if !cmd.Flags().Changed("template") {
		return nil, nil
	}
	template, err := feed.ParseTemplate(p.template, m.Topic, p.seed)
	if err != nil {
		return nil, usagef("pub: --template: %w", err)
	}
	return template, nil
}

// try finds out what is wrong with a template, where that does not depend on the input.
func (p *pub) try(template *feed.Template, m mqtt.Message) error {
	if p.reads() || p.size != "" {
		return nil
	}
	if err := template.Try(m); err != nil {
		return usagef("pub: --template: %w", err)
	}
	return nil
}

// input returns the messages as they are before a template or an encoding changes them. It sets m's payload where
// there is one for all.
func (p *pub) input(ctx context.Context, a *app, cmd *cobra.Command, m *mqtt.Message) (feed.Source, error) {
	var err error
	switch {
	case p.format != nil:
		return feed.Records(a.Stdin, *m, p.format), nil
	case p.lines:
		if a.StdinTerminal && a.StderrTerminal {
			a.note("publishing each line that you type, Ctrl-D to end")
		}
		return feed.Lines(a.Stdin, *m, feed.LineRules{}), nil
	case p.whole:
		if m.Payload, err = feed.Whole(ctx, a.Stdin); errors.Is(err, feed.ErrEmpty) {
			return nil, failf("pub: -s: stdin is empty; an empty message is published with -n")
		}
		if err != nil {
			return nil, failf("pub: -s: %w", err)
		}
	case cmd.Flags().Changed("file"):
		if m.Payload, err = feed.File(ctx, p.file, a.Stdin); err != nil {
			return nil, failf("pub: -f: %w", err)
		}
	}
	s := feed.Repeat(*m, int(p.repeat))
	if p.size == "" {
		return s, nil
	}
	size, err := p.bytes()
	if err != nil {
		return nil, err
	}
	if s, err = feed.Size(s, size, p.fill, p.seed); err != nil {
		return nil, usagef("pub: --fill: %w", err)
	}
	return s, nil
}
