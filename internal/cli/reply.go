package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/subscribe"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// reply answers requests.
type reply struct {
	subscribing
	message, command, answerTopic string
	echo, verbose                 bool
	most                          int64
}

func (a *app) replyCommand() *cobra.Command {
	r := &reply{}
	cmd := &cobra.Command{
		Use:   "reply FILTER",
		Short: "Answer requests",
		Long: "Answer each request that comes, until Ctrl-C: with the request itself, with the same message\n" +
			"always, or with what a command prints. The answer goes where the request says, as MQTT 5 has\n" +
			"it, or to the topic of -e. A request is acknowledged when it is answered, so none is lost with\n" +
			"-q 1 and 2.\n" +
			"The command is given to sh -c, with the payload on stdin, and in its environment MQTT_TOPIC,\n" +
			"MQTT_QOS, MQTT_RETAIN, MQTT_RESPONSE_TOPIC, MQTT_CONTENT_TYPE, MQTT_CORRELATION_DATA (as\n" +
			"hexadecimal digits) and MQTT_USER_PROPERTIES (as JSON: [[\"name\",\"value\"]]). Where it fails, that\n" +
			"is told here, and the answer carries the user property \"error\".",
		Example: lines("dunlin reply lamp/state -m on", "dunlin reply calc/upper --command 'tr a-z A-Z'", "dunlin reply --echo 'echo/#' -q 1",
			"# Answer without MQTT 5", "dunlin reply -V 3.1.1 -e lamp/answer lamp/old -m on"),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(a, cmd, args) },
	}
	r.bind(cmd)
	r.bindQoS(cmd)
	r.bindReconnect(cmd)
	r.bindEnd(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&r.topics, "topic", "t", nil, "filter of the requests' topics")
	f.StringVar(&r.share, "share", "", "share the requests with all that answer in this group")
	f.BoolVar(&r.echo, "echo", false, "answer with the payload of the request")
	f.StringVarP(&r.message, "message", "m", "", "answer with this message")
	f.StringVar(&r.command, "command", "", "answer with what this command prints")
	f.Int64Var(&r.most, "parallel", 8, "how many commands run at once")
	f.StringVarP(&r.answerTopic, "response-topic", "e", "", "topic of answers to requests that name none")
	f.BoolVarP(&r.verbose, "verbose", "v", false, "print the topic of each request that was answered, on stderr")
	return cmd
}

func (r *reply) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	subscriptions, err := r.requests(cmd, args)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(cmd.Context())
	defer end(nil)
	if r.wait > 0 {
		timer := time.AfterFunc(time.Duration(r.wait)*time.Second, func() { end(errTimeout) })
		defer timer.Stop()
	}
	o := r.receive(a, "reply")
	answering := r.answering(a)
	client, err := r.dial(a, cmd, &o)(ctx, mqtt.Config{OnMessage: answering.take, ManualAck: true, OnConnect: answering.connected})
	if err != nil {
		return r.ended(ctx, err)
	}
	defer answering.wait()
	defer r.leave(client, o.Disconnect)
	subscriptions[0].NoLocal = r.share == "" && client.ConnAck().Version == mqtt.V5 // answers are no requests
	active, err := client.Subscribe(ctx, subscriptions...)
	if err != nil {
		return r.ended(ctx, err)
	}
	r.granted(a, "reply", subscriptions)(active.Granted())
	select {
	case <-ctx.Done():
		return r.ended(ctx, context.Cause(ctx))
	case <-client.Done():
		return r.ended(ctx, fmt.Errorf("%w: %w", errLost, client.Err()))
	}
}

// ended says how the command ended: ctx knows, unless err came on its own.
func (r *reply) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, errTimeout) {
		return &failure{status: ExitTimeout, err: fmt.Errorf("reply: timed out after %d s", r.wait)}
	}
	if errors.Is(err, errLost) {
		return fmt.Errorf("reply %s: %w", r.server, err)
	}
	return err
}

// requests returns the subscription to the requests.
func (r *reply) requests(cmd *cobra.Command, args []string) ([]mqtt.Subscription, error) {
	ways := 0
	for _, name := range []string{"echo", "message", "command"} {
		if cmd.Flags().Changed(name) {
			ways++
		}
	}
	switch {
	case ways == 0:
		return nil, usagef("reply: no answer; choose one of --echo, -m and --command")
	case ways > 1:
		return nil, usagef("reply: the answer is given twice; choose one of --echo, -m and --command")
	case r.version < mqtt.V5 && r.version != mqtt.VersionAuto && r.answerTopic == "":
		return nil, usagef("reply: before MQTT 5 requests name no topic for the answer; give it with -e")
	}
	r.retainHandling = "never" // what is retained was asked before
	subscriptions, err := r.subscriptions("reply", args, false)
	switch {
	case err != nil:
		return nil, err
	case len(subscriptions) > 1:
		return nil, usagef("reply: the filter is given twice: %q and %q", subscriptions[0].Filter, subscriptions[1].Filter)
	case r.answerTopic == "":
		return subscriptions, nil
	case subscribe.Matches(subscriptions[0].Filter, r.answerTopic):
		return nil, usagef("reply: the answers to %q would be requests of %q again; give another topic with -e", r.answerTopic, subscriptions[0].Filter)
	}
	if err := (&mqtt.Message{Topic: r.answerTopic}).Validate(mqtt.V5); err != nil {
		return nil, usagef("reply: -e %q: %w", r.answerTopic, err)
	}
	return subscriptions, nil
}

// leave says goodbye to the broker. Commands that run even so are stopped with the connection.
func (r *reply) leave(client *mqtt.Client, o *mqtt.DisconnectOptions) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if o != nil && client.ConnAck().Version == mqtt.V5 && client.CloseWith(ctx, *o) == nil {
		return
	}
	_ = client.Close(ctx) // what cannot be ended cleanly is cut, and there is nothing more to do about it
}

// answering answers the requests of one client, as many at once as there are slots. Those of a session that
// was kept may come before the subscription is made.
type answering struct {
	reply  *reply
	app    *app
	client atomic.Pointer[mqtt.Client]
	slots  chan struct{}
	busy   sync.WaitGroup
}

// answering returns what answers. What needs no command is answered at once, in the order of the requests.
func (r *reply) answering(a *app) *answering {
	slots := 1
	if r.command != "" {
		slots = int(r.most)
	}
	return &answering{reply: r, app: a, slots: make(chan struct{}, slots)}
}

func (w *answering) connected(client *mqtt.Client) { w.client.Store(client) }

// wait waits until no command runs.
func (w *answering) wait() { w.busy.Wait() }

// take has a request answered, and acknowledged after that. Where all slots are taken it waits, so that
// the broker has to.
func (w *answering) take(ctx context.Context, m *mqtt.Received) {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	answer := func() {
		defer func() { <-w.slots }()
		w.handle(ctx, m)
		if ctx.Err() == nil {
			_ = m.Ack() // of a connection that is lost: the request comes once more
		}
	}
	if w.reply.command == "" {
		answer()
		return
	}
	w.busy.Go(answer)
}

// handle answers a request, or says why not.
func (w *answering) handle(ctx context.Context, m *mqtt.Received) {
	r, a, client := w.reply, w.app, w.client.Load()
	answer := mqtt.Message{Topic: r.answerTopic, QoS: m.QoS}
	if m.Properties != nil && m.Properties.ResponseTopic != "" {
		answer.Topic = m.Properties.ResponseTopic
	}
	if answer.Topic == "" {
		a.note("reply: a request to %q names no topic for the answer; -e gives one", m.Topic)
		return
	}
	var failed error
	answer.Payload, failed = r.answer(ctx, a, m)
	if ctx.Err() != nil { // the command was stopped by the end of all
		return
	}
	tells := client.ConnAck().Version == mqtt.V5
	if tells {
		answer.Properties = r.answerProperties(m, failed)
	}
	if failed != nil {
		a.note("reply: %s: %q: %v", m.Topic, r.command, failed)
		if !tells { // the answer could not say that it is none
			return
		}
	}
	if err := client.Publish(ctx, answer); err != nil {
		a.note("reply: %v", err)
		return
	}
	if r.verbose {
		a.note("reply: answered %s", m.Topic)
	}
}

// answerProperties returns what tells the answer from others, and whether it failed. The command is
// nothing that who asks needs to know.
func (r *reply) answerProperties(m *mqtt.Received, failed error) *mqtt.Properties {
	p := r.properties.Publish.Properties // those of the command line
	if m.Properties != nil {
		p.CorrelationData = m.Properties.CorrelationData
	}
	if failed != nil {
		p.UserProperties = append(slices.Clone(p.UserProperties), mqtt.UserProperty{Name: failureProperty, Value: terminal.OneLine(failed.Error())})
	}
	return &p
}

// answer returns the payload of the answer to m, and why it could not be made.
func (r *reply) answer(ctx context.Context, a *app, m *mqtt.Received) ([]byte, error) {
	switch {
	case r.echo:
		return m.Payload, nil
	case r.command == "":
		return []byte(r.message), nil
	}
	shell, option := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, option = "cmd", "/C"
	}
	command := exec.CommandContext(ctx, shell, option, r.command) //nolint:gosec // it is the user's own; what came is in its environment and on its stdin
	command.Env = append(slices.Clone(a.Env), requestVariables(m)...)
	command.Stdin = bytes.NewReader(m.Payload)
	printed := &printed{}
	command.Stdout, command.Stderr = printed, a.noted()
	command.WaitDelay = goodbye // where something that it has started keeps its streams
	err := command.Run()
	switch {
	case printed.full:
		return nil, fmt.Errorf("the answer is larger than %d MiB", mostPrinted>>20)
	case err != nil:
		return printed.Bytes(), err
	}
	return printed.Bytes(), nil
}

// requestVariables returns what a command finds of the request in its environment.
func requestVariables(m *mqtt.Received) []string {
	p := m.Properties
	if p == nil {
		p = &mqtt.Properties{}
	}
	pairs := [][2]string{}
	for _, u := range p.UserProperties {
		pairs = append(pairs, [2]string{u.Name, u.Value})
	}
	user, err := json.Marshal(pairs)
	if err != nil { // which no text can cause
		user = []byte("[]")
	}
	return []string{
		"MQTT_TOPIC=" + m.Topic,
		fmt.Sprintf("MQTT_QOS=%d", m.QoS),
		fmt.Sprintf("MQTT_RETAIN=%t", m.Retain),
		"MQTT_RESPONSE_TOPIC=" + p.ResponseTopic,
		"MQTT_CONTENT_TYPE=" + p.ContentType,
		"MQTT_CORRELATION_DATA=" + hex.EncodeToString(p.CorrelationData),
		"MQTT_USER_PROPERTIES=" + string(user),
	}
}

// mostPrinted bounds the answer of a command.
const mostPrinted = 64 << 20

// printed is what a command has printed.
type printed struct {
	bytes.Buffer
	full bool // it was too much
}

// Write takes p, unless that is too much.
func (p *printed) Write(b []byte) (int, error) {
	if p.Len()+len(b) > mostPrinted {
		p.full = true
		return 0, io.ErrShortWrite
	}
	return p.Buffer.Write(b)
}

// noted returns stderr for a command that is run.
func (a *app) noted() io.Writer { return &notes{a} }

type notes struct{ a *app }

// Write writes p.
func (n *notes) Write(p []byte) (int, error) {
	n.a.noting.Lock()
	defer n.a.noting.Unlock()
	return n.a.Stderr.Write(p)
}
