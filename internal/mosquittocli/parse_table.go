package mosquittocli

import (
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
	set   func(p *parser, values []string) error
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

// missing returns what to say when the value is missing.
func (s *spec) missing() misuse {
	shown := s.shown
	if shown == "" {
		shown, _, _ = strings.Cut(s.names, " ")
	}
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
		{"-h --host", "psr", "no host", "", (*parser).setHost},
		{"-p --port", "psr", "no port", "", (*parser).setPort},
		{"-L --url", "psr", "no URL", "", (*parser).setURL},
		{"--unix", "psr", "no socket path", "", text(func(p *parser) *string { return &p.unix })},
		{"--ws", "psr", "", "", flag(func(p *parser) *bool { return &p.webSocket })},
		{"--proxy", "psr", "no proxy url", "", (*parser).setProxy},
		{"-A", "psr", "no address", "", text(func(p *parser) *string { return &p.bindAddress })},
		{"--nodelay", "psr", "", "", flag(func(p *parser) *bool { return &p.noDelay })},
	}
}

func sessionSpecs() []spec {
	return []spec{
		{"-V --protocol-version", "psr", "no version", "--protocol-version", (*parser).setVersion},
		{"-i --id", "psr", "no id", "", (*parser).setID},
		{"-I --id-prefix", "psr", "no id prefix", "", (*parser).setIDPrefix},
		{"-u --username", "psr", "no username", "", (*parser).setUsername},
		{"-P --pw", "psr", "no password", "", (*parser).setPassword},
		{"-k --keepalive", "psr", "no keepalive", "", (*parser).setKeepAlive},
		{"-c --disable-clean-session", "psr", "", "", func(p *parser, _ []string) error {
			p.cleanSession = false
			return nil
		}},
		{"-x", "psr", "no session expiry interval", "", (*parser).setExpiry},
		{"-D --property", "psr", "not enough arguments", "--property", (*parser).setProperty},
		{"-M", "psr", "max_inflight not", "", (*parser).setMaxInflight},
		{"--will-topic", "psr", "no will topic", "", (*parser).setWillTopic},
		{"--will-payload", "psr", "no will payload", "", (*parser).setWillPayload},
		{"--will-qos", "psr", "no will QoS", "", (*parser).setWillQoS},
		{"--will-retain", "psr", "", "", flag(func(p *parser) *bool { return &p.will.retain })},
	}
}

func tlsSpecs() []spec {
	return []spec{
		{"--cafile", "psr", "no file", "", text(func(p *parser) *string { return &p.tls.cafile })},
		{"--capath", "psr", "no directory", "", text(func(p *parser) *string { return &p.tls.capath })},
		{"--cert", "psr", "no file", "", text(func(p *parser) *string { return &p.tls.cert })},
		{"--key", "psr", "no file", "", text(func(p *parser) *string { return &p.tls.key })},
		{"--keyform", "psr", "no keyform", "", text(func(p *parser) *string { return &p.tls.keyform })},
		{"--ciphers", "psr", "no ciphers", "", text(func(p *parser) *string { return &p.tls.ciphers })},
		{"--tls-version", "psr", "no version", "", text(func(p *parser) *string { return &p.tls.version })},
		{"--tls-alpn", "psr", "no protocol", "", text(func(p *parser) *string { return &p.tls.alpn })},
		{"--insecure", "psr", "", "", flag(func(p *parser) *bool { return &p.tls.insecure })},
		{"--tls-use-os-certs", "psr", "", "", flag(func(p *parser) *bool { return &p.tls.osCerts })},
		{"--no-tls", "psr", "", "", flag(func(p *parser) *bool { return &p.tls.none })},
		{"--tls-keylog", "psr", "no file", "", text(func(p *parser) *string { return &p.tls.keylog })},
		{"--tls-engine", "psr", "no engine_id", "", text(func(p *parser) *string { return &p.tls.engine })},
		{"--tls-engine-kpass-sha1", "psr", "no kpass sha1", "", text(func(p *parser) *string { return &p.tls.engineSHA1 })},
		{"--psk", "psr", "no key", "", text(func(p *parser) *string { return &p.tls.psk })},
		{"--psk-identity", "psr", "no identity", "", text(func(p *parser) *string { return &p.tls.pskIdentity })},
	}
}

func publishSpecs() []spec {
	return []spec{
		{"-t --topic", "psr", "no topic", "", (*parser).setTopic},
		{"-m --message", "pr", "no message", "", (*parser).setMessage},
		{"-f --file", "pr", "no file", "", (*parser).setFile},
		{"-n --null-message", "pr", "", "", func(p *parser, _ []string) error { return p.setPayload(payloadNull) }},
		{"-s --stdin-file", "pr", "", "", func(p *parser, _ []string) error { return p.setPayload(payloadStdinFile) }},
		{"-l --stdin-line", "p", "", "", func(p *parser, _ []string) error { return p.setPayload(payloadStdinLine) }},
		{"-q --qos", "psr", "no QoS", "", (*parser).setQoS},
		{"-r --retain", "p", "", "", flag(func(p *parser) *bool { return &p.retain })},
		{"--repeat", "p", "no count", "", (*parser).setRepeat},
		{"--repeat-delay", "p", "no time", "", (*parser).setRepeatDelay},
		{"-e", "r", "no response topic", "", (*parser).setResponseTopic},
	}
}

func subscribeSpecs() []spec {
	return []spec{
		{"-C", "s", "no count", "", (*parser).setCount},
		{"-W", "sr", "no timeout", "", (*parser).setTimeout},
		{"-E", "s", "", "", flag(func(p *parser) *bool { return &p.exitAfterSub })},
		{"-F", "sr", "no format", "", (*parser).setFormat},
		{"-N", "sr", "", "", flag(func(p *parser) *bool { return &p.noEOL })},
		{"-R", "sr", "", "", flag(func(p *parser) *bool { return &p.noRetained })},
		{"-T --filter-out", "s", "no topic filter", "", (*parser).setFilterOut},
		{"-U --unsubscribe", "s", "no unsubscribe topic", "", (*parser).setUnsubscribe},
		{"-v --verbose", "sr", "", "", flag(func(p *parser) *bool { return &p.verbose })},
		{"-w --watch", "s", "", "", flag(func(p *parser) *bool { return &p.watch })},
		{"--pretty", "sr", "", "", flag(func(p *parser) *bool { return &p.pretty })},
		{"--random-filter", "s", "no chance", "", (*parser).setRandomFilter},
		{"--retain-as-published", "sr", "", "", flag(func(p *parser) *bool { return &p.retainAsPublished })},
		{"--retain-handling", "sr", "no option", "", (*parser).setRetainHandling},
		{"--retained-only", "s", "", "", flag(func(p *parser) *bool { return &p.retainedOnly })},
		{"--remove-retained", "s", "", "", flag(func(p *parser) *bool { return &p.removeRetained })},
		{"--latency", "r", "", "", flag(func(p *parser) *bool { return &p.latency })},
		{"--message-rate", "s", "", "", flag(func(p *parser) *bool { return &p.messageRate })},
	}
}

func otherSpecs() []spec {
	return []spec{
		{"-o", "psr", "no options file", "", func(*parser, []string) error { return nil }}, // it is read before all others
		{"-d --debug", "psr", "", "", flag(func(p *parser) *bool { return &p.debug })},
		{"--quiet", "psr", "", "", flag(func(p *parser) *bool { return &p.quiet })},
		{"--help", "psr", "", "", func(*parser, []string) error { return helpError("") }},
		{"--version", "psr", "", "", func(*parser, []string) error { return versionError{} }},
	}
}
