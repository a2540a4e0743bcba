package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"dunlin/mqtt"
)

// pub publishes one message.
type pub struct {
	session
	topic, message string
	retain         bool
}

func (a *app) pubCommand() *cobra.Command {
	p := &pub{}
	cmd := &cobra.Command{
		Use:   "pub [TOPIC [MESSAGE]]",
		Short: "Publish a message",
		Long: "Publish a message, with the letters of mosquitto_pub. It returns when the broker has it:\n" +
			"written at QoS 0, acknowledged at QoS 1, completed at QoS 2.",
		Example: "  dunlin pub -h broker.example -t home/light -m on -q 1\n  dunlin pub -L mqtts://broker.example/home/light -m on",
		Args:    topicAndMessage,
		RunE:    func(cmd *cobra.Command, args []string) error { return p.run(a, cmd, args) },
	}
	p.bind(cmd)
	p.bindQoS(cmd)
	cmd.Flags().StringVarP(&p.topic, "topic", "t", "", "topic")
	cmd.Flags().StringVarP(&p.message, "message", "m", "", "message")
	cmd.Flags().BoolVarP(&p.retain, "retain", "r", false, "have the broker keep it for later subscribers")
	return cmd
}

func (p *pub) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := p.complete(a, cmd, args)
	if err != nil {
		return err
	}
	message, err := p.arguments(cmd, args)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if err := message.Validate(p.version); err != nil { // before anything is dialed
		return err
	}
	client, err := p.connect(ctx, a, mqtt.Config{})
	if err != nil {
		return err
	}
	defer p.close(client)
	return client.Publish(ctx, message)
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

// arguments puts the message together, from options and from positions.
func (p *pub) arguments(cmd *cobra.Command, args []string) (mqtt.Message, error) {
	hasMessage := cmd.Flags().Changed("message")
	topic, err := p.chosenTopic(args)
	if err != nil {
		return mqtt.Message{}, err
	}
	if len(args) > 1 {
		if hasMessage {
			return mqtt.Message{}, usagef("pub: the message is given twice")
		}
		p.message, hasMessage = args[1], true
	}
	switch {
	case topic == "":
		return mqtt.Message{}, usagef("pub: no topic; give one with -t")
	case !hasMessage:
		return mqtt.Message{}, usagef("pub: no message; give one with -m")
	}
	return mqtt.Message{Topic: topic, Payload: []byte(p.message), QoS: mqtt.QoS(p.qos), Retain: p.retain}, nil
}
