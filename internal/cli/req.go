package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/feed"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// failureProperty is the user property with which reply says that it could not answer, and why.
const failureProperty = "error"

// codeNobody is the reason code of a publish that nobody has subscribed to.
const codeNobody = 0x10

// errNobody: the broker says that nobody gets the request.
var errNobody = errors.New("nobody is subscribed to it")

// req sends a request and prints the answers.
type req struct {
	subscribing
	printing
	message, file, answerTopic string
	stdin, latency             bool

	answers     []mqtt.Subscription
	correlation []byte
	sent        atomic.Int64 // when, in nanoseconds of Unix
	failed      atomic.Pointer[string]
}

func (a *app) reqCommand() *cobra.Command {
	r := &req{}
	cmd := &cobra.Command{
		Use:   "req TOPIC [MESSAGE]",
		Short: "Send a request and print the answer",
		Long: "Publish a request, wait for the answer and print it. In MQTT 5 the topic for the answer, and what\n" +
			"tells it from others, are made up and sent with the request; -e gives the topic where the two\n" +
			"sides have agreed on one, as they must before MQTT 5. Without a message the request is empty.\n" +
			"Where nobody gets the request, or it was answered that it failed, the status is 5; without an\n" +
			"answer in time it is 27.",
		Example: lines("dunlin req lamp/state -W 5", "dunlin req calc/upper hello --latency",
			"# Ask without MQTT 5", "dunlin req -V 3.1.1 -e lamp/answer lamp/old now"),
		Args: topicAndMessage,
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(a, cmd, args) },
	}
	r.session.bind(cmd)
	r.bindQoS(cmd)
	r.bindEnd(cmd)
	f := cmd.Flags()
	r.qos, r.wait = 1, 30
	f.Lookup("qos").DefValue, f.Lookup("wait").DefValue = "1", "30"
	f.StringArrayVarP(&r.topics, "topic", "t", nil, "topic of the request")
	f.StringVarP(&r.message, "message", "m", "", "message")
	f.StringVarP(&r.file, "file", "f", "", "send what this file holds")
	f.BoolVarP(&r.stdin, "stdin-file", "s", false, "send what stdin gives")
	f.StringVarP(&r.answerTopic, "response-topic", "e", "", "topic of the answer (default: one made up, MQTT 5)")
	f.Int64VarP(&r.count, "replies", "n", 1, "how many answers to wait for")
	f.BoolVar(&r.latency, "latency", false, "say on stderr how long each answer took")
	r.bindText(f)
	return cmd
}

func (r *req) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	args = r.behindURL(cmd, args)
	request, err := r.request(cmd.Context(), a, cmd, args)
	if err != nil {
		return err
	}
	o := r.receive(a, "req")
	o.Out = r.stream(a)
	o.Choose, o.Wanted = r.choose, r.isAnswer
	printer, _, err := r.open(cmd.Context(), a, "req")
	if err != nil {
		return err
	}
	o.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
		r.look(a, m)
		return printer(dst, m)
	}
	ctx, end := context.WithCancelCause(cmd.Context())
	defer end(nil)
	var client *mqtt.Client
	dial := r.dial(a, cmd, &o)
	o.Granted = func(codes []mqtt.ReasonCode) {
		if codes[0] < 0x80 {
			r.send(ctx, client, request, end)
		}
	}
	result, err := subscribe.Run(ctx, func(ctx context.Context, cfg mqtt.Config) (_ *mqtt.Client, err error) {
		client, err = dial(ctx, cfg)
		return client, err
	}, o)
	return r.ended(request.Topic, result, err)
}

// ended says how the request ended.
func (r *req) ended(topic string, result subscribe.Result, err error) error {
	switch failed := r.failed.Load(); {
	case errors.Is(err, subscribe.ErrTimeout) && result.Messages > 0:
		return &failure{status: ExitTimeout, err: fmt.Errorf("req: %d of %d answers from %q in %d s", result.Messages, r.count, topic, r.wait)}
	case errors.Is(err, subscribe.ErrTimeout):
		return &failure{status: ExitTimeout, err: fmt.Errorf("req: no answer from %q in %d s", topic, r.wait)}
	case errors.Is(err, errNobody):
		return &failure{status: ExitRejected, err: fmt.Errorf("req: request to %q: %w", topic, err), hint: "is what answers running? dunlin reply would"}
	case err != nil && !result.Connected && r.answerTopic == "" && mayNotSpeak5(err):
		return &failure{status: classify(err).status, err: err, hint: "before MQTT 5 the topic of the answer has to be given; do it with -e"}
	case err == nil && failed != nil:
		return &failure{status: ExitRejected, err: fmt.Errorf("req: %q answers that it failed: %s", topic, *failed)}
	}
	if err == nil {
		return r.status()
	}
	return r.outcome("req", err)
}

// request puts the request together, from options and from positions.
func (r *req) request(ctx context.Context, a *app, cmd *cobra.Command, args []string) (mqtt.Message, error) {
	m := mqtt.Message{QoS: mqtt.QoS(r.qos)}
	topics := append(r.topics, args[:min(len(args), 1)]...)
	if r.urlTopic != "" && (len(topics) == 0 || !r.isDefault()) {
		topics = append(topics, r.urlTopic)
	}
	switch {
	case len(topics) == 0:
		return m, usagef("req: no topic; give one with -t")
	case len(topics) > 1:
		return m, usagef("req: the topic is given twice: %q and %q", topics[0], topics[1])
	case r.version < mqtt.V5 && r.version != mqtt.VersionAuto && r.answerTopic == "":
		return m, usagef("req: before MQTT 5 the topic of the answer has to be given; do it with -e")
	}
	m.Topic = topics[0]
	payload, err := r.payload(ctx, a, cmd, args[min(len(args), 1):])
	if err != nil {
		return m, err
	}
	m.Payload = payload
	m.Properties = r.properties.Publish.Message()
	r.answerTopic = cmp.Or(r.answerTopic, r.properties.Publish.ResponseTopic)
	r.options.Properties.Connect.RequestResponseInformation = r.answerTopic == ""
	if r.version == mqtt.VersionAuto && (m.Properties != nil || r.answerTopic == "") {
		r.version = mqtt.V5 // which alone carries them
	}
	if r.answerTopic != "" {
		if err := (&mqtt.Message{Topic: r.answerTopic}).Validate(r.version); err != nil {
			return m, usagef("req: -e %q: %w", r.answerTopic, err)
		}
	}
	return m, m.Validate(r.version)
}

// payload returns what is sent: of the one place that was named, or nothing.
func (r *req) payload(ctx context.Context, a *app, cmd *cobra.Command, args []string) ([]byte, error) {
	texts := args
	if cmd.Flags().Changed("message") {
		texts = append([]string{r.message}, args...)
	}
	places := len(texts)
	if r.stdin {
		places++
	}
	if r.file != "" {
		places++
	}
	switch {
	case places > 1:
		return nil, usagef("req: the message is given twice; choose one of -m, -f, -s and the argument after the topic")
	case len(texts) == 1:
		return []byte(texts[0]), nil
	case places == 0:
		return nil, nil
	}
	var payload []byte
	var err error
	if r.file != "" {
		payload, err = feed.File(ctx, r.file, a.Stdin)
	} else {
		payload, err = feed.Whole(ctx, a.Stdin)
	}
	if err != nil && !errors.Is(err, feed.ErrEmpty) { // a request may be
		return nil, failf("req: %w", err)
	}
	return payload, nil
}

// choose returns the subscription to the answer, which the broker may have a say in.
func (r *req) choose(client *mqtt.Client) ([]mqtt.Subscription, error) {
	ack := client.ConnAck()
	topic := r.answerTopic
	if topic == "" {
		topic = strings.TrimSuffix(cmp.Or(ack.ResponseInformation, "dunlin/response"), "/") + "/" + rand.Text()
	}
	r.answers = []mqtt.Subscription{{Filter: topic, QoS: max(mqtt.AtLeastOnce, mqtt.QoS(r.qos))}}
	if ack.Version >= mqtt.V5 {
		r.correlation = []byte(rand.Text())
		if given := r.properties.Publish.CorrelationData; given != nil {
			r.correlation = given
		}
	}
	return r.answers, nil
}

// send publishes the request, once answers can come.
func (r *req) send(ctx context.Context, client *mqtt.Client, request mqtt.Message, end context.CancelCauseFunc) {
	if r.correlation != nil {
		var p mqtt.Properties
		if request.Properties != nil {
			p = *request.Properties
		}
		p.ResponseTopic, p.CorrelationData = r.answers[0].Filter, r.correlation
		request.Properties = &p
	}
	var sent *mqtt.Delivery
	known := make(chan struct{})
	r.sent.Store(time.Now().UnixNano())
	sent, err := client.PublishAsync(ctx, request, func(err error) {
		<-known
		codes := sent.Answer().Codes
		switch {
		case err != nil:
			end(err)
		case len(codes) == 1 && codes[0] == codeNobody:
			end(errNobody)
		}
	})
	close(known)
	if err != nil {
		end(err)
	}
}

// isAnswer reports whether m answers the request.
func (r *req) isAnswer(m *mqtt.Received) bool {
	if m.Retain || r.sent.Load() == 0 { // it was there before
		return false
	}
	return r.correlation == nil || m.Properties != nil && bytes.Equal(m.Properties.CorrelationData, r.correlation)
}

// look says what there is to say of an answer besides what is printed.
func (r *req) look(a *app, m *mqtt.Received) {
	if r.latency {
		took := time.Duration(time.Now().UnixNano() - r.sent.Load())
		a.note("req: answered after %v", took.Round(10*time.Microsecond))
	}
	if m.Properties == nil {
		return
	}
	for _, p := range m.Properties.UserProperties {
		if p.Name == failureProperty {
			r.failed.Store(&p.Value)
		}
	}
}
