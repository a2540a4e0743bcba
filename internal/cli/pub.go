package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/mqtt"
)

// pub publishes messages.
type pub struct {
	session
	topic  string
	retain bool

	message, file           string
	null, whole, lines      bool
	lineFormat, template    string
	size, fill, encode      string
	seed                    uint64
	repeat                  int64
	repeatDelay, expiry     string
	inFlight, wait          int64
	rate                    float64
	keepGoing, matching     bool
	contentType             string
	responseTopic, corrData string

	format *feed.LineFormat // of --line-format
}

func (a *app) pubCommand() *cobra.Command {
	p := &pub{}
	cmd := &cobra.Command{
		Use:   "pub [TOPIC [MESSAGE]]",
		Short: "Publish messages",
		Long: "Publish a message, or many, with the letters of mosquitto_pub. It returns when the broker has\n" +
			"all of them: written at QoS 0, acknowledged at QoS 1, completed at QoS 2.\n\n" +
			"With -l and --line-format it goes on when the connection is lost, with the line where it was, and\n" +
			"says so. With -q 1 or 2 a broker of MQTT 5 keeps the session meanwhile, for an hour. At QoS 1 a line\n" +
			"may then come twice, where the acknowledgement was lost; at QoS 0 the lines that the network had\n" +
			"taken when the broker went away may be lost; at QoS 2 those under way are in doubt where the broker\n" +
			"has lost the session, as one before MQTT 5 has without -c and -i. Nothing else is published again,\n" +
			"and nothing that the broker refuses.\n\n" +
			"A template is in the language of Go's text/template, and so is then the topic. In it\n" + indented(feed.Expressions),
		Example: lines(
			"dunlin pub -h broker.example -t home/light -m on -q 1",
			"dunlin pub -L mqtts://broker.example/home/light -m on",
			"# Publish each line of a file, and wait for the broker to have them all",
			"dunlin pub -t log -l -q 1 < users.txt",
			"# Publish lines that begin with their topic, and pass over those that are wrong",
			`printf 'home/light\ton\nhome/door\tshut\n' | dunlin pub --line-format tsv --keep-going`,
			"# Publish what was recorded",
			`echo '{"topic":"home/light","payload":"on","retain":true}' | dunlin pub --line-format json`,
			"# Publish a hundred made-up values of ten sensors, twenty a second",
			`dunlin pub -t 'sensor/{{mod .N 10}}' --template '{"value":{{float 18 24}}}' --repeat 100 --rate 20`,
			"# Remove a retained message",
			"dunlin pub -t home/old -n -r",
			"# Fail where nobody subscribes to the topic",
			"dunlin pub -t home/light -m on -q 1 --matching",
		),
		Args: topicAndMessage,
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(a, cmd, args) },
	}
	p.bind(cmd)
	p.bindQoS(cmd)
	p.bindReconnect(cmd)
	p.bindSources(cmd)
	p.bindPace(cmd)
	return cmd
}

// bindSources adds the options that say what is published.
func (p *pub) bindSources(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&p.topic, "topic", "t", "", "topic")
	f.BoolVarP(&p.retain, "retain", "r", false, "have the broker keep it for later subscribers")
	f.StringVarP(&p.message, "message", "m", "", "publish this message")
	f.StringVarP(&p.file, "file", "f", "", "publish what is in this `file`; - is stdin")
	f.BoolVarP(&p.whole, "stdin-file", "s", false, "publish all of stdin as one message")
	f.BoolVarP(&p.lines, "stdin-line", "l", false, "publish each line of stdin, also an empty one")
	f.BoolVarP(&p.null, "null-message", "n", false, "publish an empty message")
	f.StringVar(&p.lineFormat, "line-format", "", "publish lines of stdin that hold more: tsv is TOPIC, a tab and the message; json is an object\n"+
		"with topic, payload or payload_base64, qos, retain and properties, as sub --json and\n"+
		"mosquitto_sub -F %j print it; else a pattern such as '{topic} {payload}', also with {qos} and {retain}")
	f.StringVar(&p.template, "template", "", "publish what this template makes, alone or of the message or lines; see above")
	f.StringVar(&p.size, "size", "", "publish a made-up message of so many bytes, also as 10k or 1M")
	f.StringVar(&p.fill, "fill", "random", "what --size is made of: random bytes, text (letters and digits), zero, or count (0 to 255 and again)")
	f.Uint64Var(&p.seed, "seed", 0, "number that decides all that is random in --template and --size (default: another each time)")
	f.StringVar(&p.encode, "encode", "", "the message, or each line, is written in hex or base64: publish the bytes that it stands for")
	f.StringVar(&p.expiry, "expiry", "", "MQTT 5: how long the message is worth something, in seconds, or as 90s, 5m, 24h")
	f.StringVar(&p.contentType, "content-type", "", "MQTT 5: what the message is, such as application/json")
	f.StringVar(&p.responseTopic, "response-topic", "", "MQTT 5: where an answer is expected")
	f.StringVar(&p.corrData, "correlation-data", "", "MQTT 5: what the answer is to carry")
}

// bindPace adds the options that say how it is published.
func (p *pub) bindPace(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Int64Var(&p.repeat, "repeat", 1, "publish it so many times")
	f.StringVar(&p.repeatDelay, "repeat-delay", "0", "seconds from the end of one to the next of --repeat")
	f.Float64Var(&p.rate, "rate", 0, "messages a second, at most (default: as fast as it goes)")
	f.Int64VarP(&p.inFlight, "max-inflight", "M", publish.DefaultInFlight, "messages of QoS 1 and 2 under way at once")
	f.Int64VarP(&p.wait, "wait", "W", 0, "give up after this many seconds, with status 27 (default: wait for the broker as long as it takes)")
	f.BoolVar(&p.keepGoing, "keep-going", false, "go on after a message that is refused, or a line that is wrong, and fail at the end")
	f.BoolVar(&p.matching, "matching", false, "fail, with status 5, where the broker says that nobody subscribes to the topic; MQTT 5, QoS 1 and 2")
}

func (p *pub) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := p.complete(a, cmd, args)
	if err != nil {
		return err
	}
	args = p.behindURL(cmd, args)
	options, err := p.options(cmd)
	if err != nil {
		return err
	}
	ctx, finish := context.WithCancelCause(cmd.Context())
	defer finish(nil)
	if p.wait > 0 {
		options.Drain = 0 // the time is for all
		timer := time.AfterFunc(time.Duration(p.wait)*time.Second, func() { finish(errTimeout) })
		defer timer.Stop()
	}
	err = p.send(ctx, a, cmd, args, options)
	if late := (*lateError)(nil); err == nil || !errors.Is(context.Cause(ctx), errTimeout) {
		return err
	} else if errors.As(err, &late) {
		return &failure{status: ExitTimeout, err: fmt.Errorf("pub: timed out after %d s: %w", p.wait, err)}
	}
	return &failure{status: ExitTimeout, err: fmt.Errorf("pub: timed out after %d s, before anything was published", p.wait)}
}

// send makes the messages, connects and publishes them.
func (p *pub) send(ctx context.Context, a *app, cmd *cobra.Command, args []string, options publish.Options) error {
	source, err := p.source(ctx, a, cmd, args)
	if err != nil {
		return err
	}
	if !p.reads() {
		p.stayOnce()
	}
	options.Resume = p.reconnect
	p.outlive(p.qos > 0 || p.format != nil && p.format.HasQoS())
	cfg := mqtt.Config{}
	cfg.Limits.Drain = -1 // publish.Run has waited for all that there is
	client, err := p.connect(ctx, a, cfg)
	if err != nil {
		return err
	}
	defer p.close(client)
	return p.publish(ctx, a, client, source, options)
}

// publish publishes all, and says what became of it where that is not all well.
func (p *pub) publish(ctx context.Context, a *app, client *mqtt.Client, source feed.Source, o publish.Options) error {
	if p.matching && client.ConnAck().Version != mqtt.V5 {
		return usagef("pub: --matching needs MQTT 5, and the broker speaks %s", client.ConnAck().Version)
	}
	r := newPubReport(a, source, p.matching)
	r.connected = client.IsConnected
	defer r.end()
	r.watch(&o)
	result, err := publish.Run(ctx, client, source, o)
	return r.outcome(ctx, result, err)
}
