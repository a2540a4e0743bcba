package mosquittocli

import (
	"cmp"
	"slices"
	"strings"
)

// spec is one option.
type spec struct {
	names string // with spaces between
	for3  string // which tools have it: p, s and r
	// noun is what the message about a missing value calls it; "" for options without a value.
	noun string
	// shown is what messages call the option; "": its first name.
	shown string
	// help is how the help names the value, "|", and what the option does; "": the help does not have it.
	help string
	set  func(p *parser, values []string) error
}

// specs returns the options in the order of the help. It is a function so that a start under
// another name costs nothing.
func specs() []spec {
	return slices.Concat(connectionSpecs(), sessionSpecs(), tlsSpecs(), publishSpecs(), subscribeSpecs(), otherSpecs())
}

// find returns the option of that name, or nil.
func find(name string, all []spec) *spec {
	for i := range all {
		for known := range strings.SplitSeq(all[i].names, " ") {
			if known == name {
				return &all[i]
			}
		}
	}
	return nil
}

// has reports whether the tool has the option.
func (s *spec) has(t tool) bool {
	letter := map[tool]string{toolPub: "p", toolSub: "s", toolRR: "r"}[t]
	return strings.Contains(s.for3, letter)
}

// first returns the option's first name.
func (s *spec) first() string {
	name, _, _ := strings.Cut(s.names, " ")
	return name
}

// missing returns what to say when the value is missing.
func (s *spec) missing() misuse {
	shown := cmp.Or(s.shown, s.first())
	return misuse("Error: " + shown + " argument given but " + s.noun + " specified.\n\n")
}

// text returns the setter of an option whose value is text.
func text(where func(p *parser) *string) func(*parser, []string) error {
	return func(p *parser, values []string) error {
		*where(p) = values[0]
		return nil
	}
}

// flag returns the setter of an option without a value.
func flag(where func(p *parser) *bool) func(*parser, []string) error {
	return func(p *parser, _ []string) error {
		*where(p) = true
		return nil
	}
}

func connectionSpecs() []spec {
	return []spec{
		{"-h --host", "psr", "no host", "", "HOST|the server, default localhost", (*parser).setHost},
		{"-p --port", "psr", "no port", "", "PORT|its port, default 1883, with --cafile, --capath or --psk 8883; 8883 means TLS", (*parser).setPort},
		{"-L --url", "psr", "no URL", "", "URL|mqtt[s] or ws[s]://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC", (*parser).setURL},
		{"--unix", "psr", "no socket path", "", "PATH|connect to a unix socket", text(func(p *parser) *string { return &p.unix })},
		{"--ws", "psr", "", "", "|use a WebSocket", flag(func(p *parser) *bool { return &p.webSocket })},
		{"--proxy", "psr", "no proxy url", "", "URL|go through socks5h://[USER[:PASSWORD]@]HOST[:PORT]", (*parser).setProxy},
		{"-A", "psr", "no address", "", "ADDRESS|connect from this local address", text(func(p *parser) *string { return &p.bindAddress })},
		{"--nodelay", "psr", "", "", "|send small packets at once", flag(func(p *parser) *bool { return &p.noDelay })},
	}
}

func sessionSpecs() []spec {
	return []spec{
		{"-V --protocol-version", "psr", "no version", "--protocol-version", "VERSION|of the protocol: 5, 311 or 31, or with mqttv in front", (*parser).setVersion},
		{"-i --id", "psr", "no id", "", "ID|client identifier, by default chosen by the server", (*parser).setID},
		{"-I --id-prefix", "psr", "no id prefix", "", "PREFIX|client identifier of a prefix and the process number", (*parser).setIDPrefix},
		{"-u --username", "psr", "no username", "", "NAME|user name", (*parser).setUsername},
		{"-P --pw", "psr", "no password", "", "PASSWORD|password; all users of the machine can see it", (*parser).setPassword},
		{"-k --keepalive", "psr", "no keepalive", "", "SECONDS|longest silence towards the server, default 60", (*parser).setKeepAlive},
		{"-c --disable-clean-session", "psr", "", "", "|go on with the session as it was, and have the server keep it", func(p *parser, _ []string) error {
			p.cleanSession = false
			return nil
		}},
		{"-x", "psr", "no session expiry interval", "", "SECONDS|how long the server keeps the session; -1 is for ever; MQTT 5", (*parser).setExpiry},
		{"-D --property", "psr", "not enough arguments", "--property", "COMMAND NAME VALUE|MQTT 5 property of connect, publish, subscribe, unsubscribe,\n                              disconnect or will; user-property has two values", (*parser).setProperty},
		{"-M", "psr", "max_inflight not", "", "COUNT|messages of QoS 1 and 2 under way at once, default 20", (*parser).setMaxInflight},
		{"--will-topic", "psr", "no will topic", "", "TOPIC|of what the server publishes when the connection breaks", (*parser).setWillTopic},
		{"--will-payload", "psr", "no will payload", "", "TEXT|of that message, default nothing", (*parser).setWillPayload},
		{"--will-qos", "psr", "no will QoS", "", "QOS|of that message", (*parser).setWillQoS},
		{"--will-retain", "psr", "", "", "|have that message retained", flag(func(p *parser) *bool { return &p.will.retain })},
	}
}

func tlsSpecs() []spec {
	return []spec{
		{"--cafile", "psr", "no file", "", "FILE|trust the authorities in this PEM file", (*parser).setCAFile},
		{"--capath", "psr", "no directory", "", "FOLDER|trust the authorities in the PEM files there", text(func(p *parser) *string { return &p.tls.capath })},
		{"--cert", "psr", "no file", "", "FILE|certificate of the client, PEM", text(func(p *parser) *string { return &p.tls.cert })},
		{"--key", "psr", "no file", "", "FILE|its key, PEM", text(func(p *parser) *string { return &p.tls.key })},
		{"--keyform", "psr", "no keyform", "", "FORM|pem; engine is refused: there are no OpenSSL engines here", text(func(p *parser) *string { return &p.tls.keyform })},
		{"--ciphers", "psr", "no ciphers", "", "LIST|cipher suites of TLS 1.2, with colons between", text(func(p *parser) *string { return &p.tls.ciphers })},
		{"--tls-version", "psr", "no version", "", "VERSION|tlsv1.2 or tlsv1.3", text(func(p *parser) *string { return &p.tls.version })},
		{"--tls-alpn", "psr", "no protocol", "", "PROTOCOL|to offer with ALPN", text(func(p *parser) *string { return &p.tls.alpn })},
		{"--insecure", "psr", "", "", "|do not compare the name of the server with its certificate", flag(func(p *parser) *bool { return &p.tls.insecure })},
		{"--tls-use-os-certs", "psr", "", "", "|trust the authorities of the system, too", flag(func(p *parser) *bool { return &p.tls.osCerts })},
		{"--no-tls", "psr", "", "", "|no TLS, at any port", flag(func(p *parser) *bool { return &p.tls.none })},
		{"--tls-keylog", "psr", "no file", "", "FILE|add the secrets of the connection to a file", text(func(p *parser) *string { return &p.tls.keylog })},
		{"--tls-engine", "psr", "no engine_id", "", "ENGINE|refused: there are no OpenSSL engines here", text(func(p *parser) *string { return &p.tls.engine })},
		{"--tls-engine-kpass-sha1", "psr", "no kpass sha1", "", "HASH|as --tls-engine", text(func(p *parser) *string { return &p.tls.engineSHA1 })},
		{"--psk", "psr", "no key", "", "KEY|refused: there is no TLS with pre-shared keys here", text(func(p *parser) *string { return &p.tls.psk })},
		{"--psk-identity", "psr", "no identity", "", "IDENTITY|as --psk", text(func(p *parser) *string { return &p.tls.pskIdentity })},
	}
}

func publishSpecs() []spec {
	return []spec{
		{"-t --topic", "psr", "no topic", "", "TOPIC|the topic", (*parser).setTopic},
		{"-m --message", "pr", "no message", "", "MESSAGE|send this", (*parser).setMessage},
		{"-f --file", "pr", "no file", "", "FILE|send what the file holds", (*parser).setFile},
		{"-n --null-message", "pr", "", "", "|send an empty message", func(p *parser, _ []string) error { return p.setPayload(payloadNull) }},
		{"-s --stdin-file", "pr", "", "", "|send all of stdin as one message", func(p *parser, _ []string) error { return p.setPayload(payloadStdinFile) }},
		{"-l --stdin-line", "p", "", "", "|send each line of stdin as a message", func(p *parser, _ []string) error { return p.setPayload(payloadStdinLine) }},
		{"-q --qos", "psr", "no QoS", "", "QOS|quality of service: 0, 1 or 2, default 0", (*parser).setQoS},
		{"-r --retain", "p", "", "", "|have the message retained", flag(func(p *parser) *bool { return &p.retain })},
		{"--repeat", "p", "no count", "", "COUNT|send it so many times", (*parser).setRepeat},
		{"--repeat-delay", "p", "no time", "", "SECONDS|wait between two of them", (*parser).setRepeatDelay},
		{"-e", "r", "no response topic", "", "TOPIC|where the response comes", (*parser).setResponseTopic},
	}
}

func subscribeSpecs() []spec {
	return []spec{
		{"-C", "s", "no count", "", "COUNT|end after so many messages", (*parser).setCount},
		{"-W", "sr", "no timeout", "", "SECONDS|end after that time", (*parser).setTimeout},
		{"-E", "s", "", "", "|end when the server has acknowledged all subscriptions", flag(func(p *parser) *bool { return &p.exitAfterSub })},
		{"-F", "sr", "no format", "", "FORMAT|how to print messages, with %t for the topic, %p for the payload and more", (*parser).setFormat},
		{"-N", "sr", "", "", "|no end of line after a payload", flag(func(p *parser) *bool { return &p.noEOL })},
		{"-R", "sr", "", "", "|leave out retained messages", flag(func(p *parser) *bool { return &p.noRetained })},
		{"-T --filter-out", "s", "no topic filter", "", "FILTER|leave out messages of these topics", (*parser).setFilterOut},
		{"-U --unsubscribe", "s", "no unsubscribe topic", "", "FILTER|unsubscribe", (*parser).setUnsubscribe},
		{"-v --verbose", "sr", "", "", "|print the topic before the payload", flag(func(p *parser) *bool { return &p.verbose })},
		{"-w --watch", "s", "", "", "|each topic has a line of its own on the screen", flag(func(p *parser) *bool { return &p.watch })},
		{"--pretty", "sr", "", "", "|JSON of -F over several lines", flag(func(p *parser) *bool { return &p.pretty })},
		{"--random-filter", "s", "no chance", "", "PERCENT|print only this part of the messages, by chance", (*parser).setRandomFilter},
		{"--retain-as-published", "sr", "", "", "|show whether messages were published as retained; MQTT 5", flag(func(p *parser) *bool { return &p.retainAsPublished })},
		{"--retain-handling", "sr", "no option", "", "WHICH|always, new or never: when to get retained messages; MQTT 5", (*parser).setRetainHandling},
		{"--retained-only", "s", "", "", "|retained messages only, and end after them", flag(func(p *parser) *bool { return &p.retainedOnly })},
		{"--remove-retained", "s", "", "", "|remove the retained messages that come from the server", flag(func(p *parser) *bool { return &p.removeRetained })},
		{"--latency", "r", "", "", "", flag(func(p *parser) *bool { return &p.latency })},
		{"--message-rate", "s", "", "", "", flag(func(p *parser) *bool { return &p.messageRate })},
	}
}

func otherSpecs() []spec {
	return []spec{
		{"-o", "psr", "no options file", "", "FILE|read options from a file", func(*parser, []string) error { return nil }}, // it is read before all others
		{"-d --debug", "psr", "", "", "|say which packets are sent and received", flag(func(p *parser) *bool { return &p.debug })},
		{"--quiet", "psr", "", "", "|no errors on stderr", flag(func(p *parser) *bool { return &p.quiet })},
		{"--help", "psr", "", "", "|show this", func(*parser, []string) error { return helpError("") }},
		{"--version", "psr", "", "", "|show the version", func(*parser, []string) error { return versionError{} }},
	}
}
