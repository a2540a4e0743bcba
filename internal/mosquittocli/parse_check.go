package mosquittocli

import (
	"io"
	"math"
	"os"
	"strconv"

	"dunlin/mqtt"
)

// check finds what does not go together, in Mosquitto's order, and completes the options.
func (p *parser) check() error {
	if err := p.checkWill(); err != nil {
		return err
	}
	if err := p.checkTLS(); err != nil {
		return err
	}
	if err := p.checkSession(); err != nil {
		return err
	}
	return p.checkTool()
}

func (p *parser) checkWill() error {
	switch {
	case p.will.hasPayload && !p.will.hasTopic:
		return misuse("Error: Will payload given, but no will topic given.\n")
	case p.will.retain && !p.will.hasTopic:
		return misuse("Error: Will retain given, but no will topic given.\n")
	}
	if p.will.hasTopic {
		p.options.will = &mqtt.Will{Message: mqtt.Message{
			Topic: p.will.topic, Payload: p.will.payload, QoS: p.will.qos, Retain: p.will.retain,
		}}
	}
	return nil
}

func (p *parser) checkTLS() error {
	t := &p.tls
	cert, key := t.cert != "" || p.empty["--cert"], t.key != "" || p.empty["--key"]
	keyform := t.keyform != "" || p.empty["--keyform"]
	switch {
	case cert != key:
		return misuse("Error: Both certfile and keyfile must be provided if one of them is set.\n")
	case keyform && !key:
		return misuse("Error: If keyform is set, keyfile must be also specified.\n")
	case (t.engineSHA1 != "" || p.empty["--tls-engine-kpass-sha1"]) && (t.engine == "" || t.keyform == ""):
		return misuse("Error: when using tls-engine-kpass-sha1, both tls-engine and keyform must also be provided.\n")
	}
	if err := p.checkPSK(); err != nil {
		return err
	}
	p.settlePort()
	return nil
}

// checkPSK checks the options of a shared key, which is refused later than what is wrong with them.
func (p *parser) checkPSK() error {
	t := &p.tls
	switch {
	case t.psk == "" && !p.empty["--psk"]:
	case t.hasCAFile || t.capath != "":
		return misuse("Error: Only one of --psk or --cafile/--capath may be used at once.\n")
	case t.pskIdentity == "":
		return misuse("Error: --psk-identity required if --psk used.\n")
	}
	return nil
}

// settlePort finds the port, and whether there is TLS at it.
func (p *parser) settlePort() {
	t := &p.tls
	given := t.hasCAFile || t.capath != "" || t.psk != ""
	if p.port < 0 {
		p.port = 1883
		if given {
			p.port = 8883
		}
	}
	t.used = !t.none && (given || t.osCerts || p.urlTLS || p.port == 8883)
}

// checkSession completes what stands in CONNECT.
func (p *parser) checkSession() error {
	if p.expiry < 0 && !p.cleanSession && p.version == mqtt.V5 {
		p.expiry = math.MaxUint32
	}
	switch {
	case p.version == mqtt.V5 && p.expiry == math.MaxUint32 && !p.hasID:
		return misuse("Error: You must provide a client id if you are using an infinite session expiry interval.\n")
	case p.version != mqtt.V5 && !p.cleanSession && !p.hasID:
		return misuse("Error: You must provide a client id if you are using the -c option.\n")
	}
	if p.expiry > 0 && p.version == mqtt.V5 {
		p.properties = append([]property{{"connect", "session-expiry-interval", []string{strconv.FormatInt(p.expiry, 10)}}}, p.properties...)
	}
	if p.hasPrefix {
		p.id = p.idPrefix + strconv.Itoa(os.Getpid())
	}
	return nil
}

// checkTool finds what the tool needs and was not given. The payload is read before that.
func (p *parser) checkTool() error {
	if err := p.loadPayload(); err != nil {
		return err
	}
	switch {
	case p.tool == toolSub && len(p.topics)+len(p.unsubscribe) == 0:
		return misuse("Error: You must specify a topic to subscribe to (-t) or unsubscribe from (-U).\n")
	case p.noRetained && p.retainedOnly:
		return plainError("\nError: Combining '-R' and '--retained-only' makes no sense.\n")
	case p.tool == toolRR && (len(p.topics) == 0 || p.payload == payloadNone || p.responseTopic == ""):
		return misuse("Error: All of topic, message, and response topic must be supplied.\n")
	case p.tool == toolPub && (len(p.topics) == 0 || p.payload == payloadNone):
		return helpError("Error: Both topic and message must be supplied.\n")
	}
	return nil
}

// loadPayload reads the payload of -f and -s.
func (p *parser) loadPayload() error {
	switch p.payload {
	case payloadArgument:
		p.body = []byte(p.message)
	case payloadFile:
		return p.loadFile()
	case payloadStdinFile:
		var err error
		if p.body, err = io.ReadAll(io.LimitReader(p.env.Stdin, largestPayload+1)); err != nil {
			return plainError("Error: Unable to read stdin: " + reason(err) + ".\nError loading input from stdin.\n")
		}
		switch {
		case len(p.body) == 0:
			return plainError("Error: Zero length input.\nError loading input from stdin.\n")
		case len(p.body) > largestPayload:
			return plainError("Error: Message length must be less than 268435455 bytes.\n\nError loading input from stdin.\n")
		}
	}
	return nil
}

// largestPayload is the longest payload that Mosquitto takes.
const largestPayload = 268435455

func (p *parser) loadFile() error {
	failed := func(text string) error {
		return plainError(text + "Error loading input file \"" + p.file + "\".\n")
	}
	unread := func(err error) error {
		return failed("Error: Unable to read file \"" + p.file + "\": " + reason(err) + ".\n")
	}
	info, err := os.Stat(p.file)
	if err != nil {
		return unread(err)
	}
	if !info.Mode().IsRegular() {
		return failed("Error: " + p.file + " is not a file.\n")
	}
	if info.Size() > largestPayload {
		return failed("Error: File must be less than 268435455 bytes.\n\n")
	}
	if p.body, err = os.ReadFile(p.file); err != nil {
		return unread(err)
	}
	return nil
}
