package mosquittocli

import (
	"dunlin/internal/environ"
	"dunlin/mqtt"
)

// parser fills in the options.
type parser struct {
	*options
	env *environ.Environment
	all []spec

	will      willOptions
	hasPrefix bool
	expiry    int64 // of -x; negative: it was not given
	urlTLS    bool  // -L asked for TLS
}

// willOptions are the will's, as far as they were given.
type willOptions struct {
	topic      string
	hasTopic   bool
	payload    []byte
	hasPayload bool
	qos        mqtt.QoS
	retain     bool
}

// parse reads the options file and the command line into the options. It says what is wrong, and returns the exit
// status then; ready tells to go on.
func (c *command) parse() (status int, ready bool) {
	c.tool = tool(Tool(c.Name))
	c.options = defaults(c.tool)
	p := &parser{options: &c.options, env: &c.Environment, all: specs(), expiry: -1}
	if err := p.run(); err != nil {
		return c.complain(err), false
	}
	return 0, true
}

// defaults returns what holds where nothing is said.
func defaults(t tool) options {
	o := options{tool: t, port: -1, version: mqtt.V311, keepAlive: 60, cleanSession: true, maxInflight: 20, repeat: 1}
	o.empty = map[string]bool{}
	o.randomFilter = 10000
	if t == toolRR {
		o.version = mqtt.V5
	}
	return o
}

// run reads everything in Mosquitto's order: the options file, the command line, and then what goes together.
func (p *parser) run() error {
	file, given, err := optionsFileArgument(p.env.Args)
	if err != nil {
		return err
	}
	if err := p.readOptionsFile(file, given); err != nil {
		return err
	}
	if err := p.words(p.env.Args); err != nil {
		return err
	}
	return p.check()
}

// words reads options and their values.
func (p *parser) words(args []string) error {
	for len(args) > 0 {
		s := find(args[0], p.all)
		if s == nil || !s.has(p.tool) {
			return misuse("Error: Unknown option '" + args[0] + "'.\n")
		}
		values := args[1:]
		switch {
		case s.noun == "":
			values = nil
		case s.shown == "--property":
			values = propertyValues(values)
		default:
			values = values[:min(1, len(values))]
		}
		if s.noun != "" && len(values) == 0 {
			return s.missing()
		}
		if len(values) == 1 {
			p.empty[s.first()] = values[0] == ""
		}
		if err := s.set(p, values); err != nil {
			return err
		}
		args = args[1+len(values):]
	}
	return nil
}
