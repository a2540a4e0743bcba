package mqtt

import (
	"fmt"
	"reflect"
	"time"
)

// Validate reports what cannot be sent, as an *ArgumentError that names the
// field. Dial and Connect call it.
func (cfg *Config) Validate() error {
	if err := cfg.Transport.check(); err != nil {
		return err
	}
	if err := cfg.checkManualAck(); err != nil {
		return err
	}
	if cfg.Version == VersionAuto {
		return cfg.checkAuto()
	}
	c := *cfg
	c.fill()
	if err := c.checkWho(); err != nil {
		return err
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	if err := c.checkRanges(); err != nil {
		return err
	}
	p := c.packet(DefaultMaxPacket)
	if err := p.Validate(); err != nil {
		return &ArgumentError{Name: "Config", What: whatIsWrong(err)}
	}
	return nil
}

// checkManualAck refuses a ManualAck that nothing heeds. Who sets it for the subscriptions,
// each of which has its own, would lose what a handler wants to keep unacknowledged.
func (cfg *Config) checkManualAck() error {
	if cfg.ManualAck && cfg.OnMessage == nil && cfg.OnLargeMessage == nil {
		return &ArgumentError{Name: "Config.ManualAck", What: "is for OnMessage and OnLargeMessage, and there is neither; each Subscription has its own"}
	}
	return nil
}

// checkWho finds what is wrong with version, mode, client identifier and password.
func (cfg *Config) checkWho() error {
	switch {
	case cfg.Version < V31 || cfg.Version > V5:
		return configFault("Version", "is not V31, V311, V5 or VersionAuto", byte(cfg.Version))
	case cfg.Mode < ModePublisher || cfg.Mode > ModeOff:
		return configFault("Mode", "is no mode", int32(cfg.Mode))
	case cfg.ClientID == "" && cfg.Version == V31:
		return &ArgumentError{Name: "ClientID", What: "is empty, which MQTT 3.1 does not allow"}
	case cfg.ClientID == "" && cfg.Version == V311 && cfg.KeepSession:
		return &ArgumentError{Name: "ClientID", What: "is empty, and MQTT 3.1.1 keeps a session under a name only"}
	case cfg.Password != nil && cfg.Username == "" && len(cfg.Password) > 0 && cfg.Version < V5:
		return &ArgumentError{Name: "Password", What: "needs a user name before MQTT 5"}
	}
	return nil
}

func (t *Transport) check() error {
	if t.MaxPacket < 0 {
		return configFault("Transport.MaxPacket", "is negative", t.MaxPacket)
	}
	return nil
}

// check finds limits under which nothing could ever move.
func (l *Limits) check() error {
	for _, f := range []struct {
		name  string
		value int64 // a time.Duration does not fit into the int of a 32-bit build
	}{
		{"SendBytes", int64(l.SendBytes)},
		{"ReceiveMessages", int64(l.ReceiveMessages)},
		{"ReceiveBytes", int64(l.ReceiveBytes)},
		{"PingTimeout", int64(l.PingTimeout)},
		{"Queue.Messages", int64(l.Queue.Messages)},
		{"Queue.Bytes", int64(l.Queue.Bytes)},
	} {
		if f.value < 0 {
			return &ArgumentError{Name: "Limits." + f.name, What: fmt.Sprintf("%d is negative", f.value)}
		}
	}
	return nil
}

func (cfg *Config) checkRanges() error {
	if k := cfg.KeepAlive; k%time.Second != 0 {
		return configFault("KeepAlive", "is not a whole number of seconds", k)
	} else if k > 65535*time.Second {
		return configFault("KeepAlive", "is longer than 65535 s", k)
	}
	if cfg.Will != nil && cfg.Will.QoS > 2 {
		return configFault("Will.QoS", "is not 0, 1 or 2", cfg.Will.QoS)
	}
	if err := cfg.Limits.checkRanges(); err != nil {
		return err
	}
	if err := cfg.checkLasting(); err != nil {
		return err
	}
	if cfg.Properties.SessionExpiry < 0 {
		return configFault("Properties.SessionExpiry", "is negative", cfg.Properties.SessionExpiry)
	}
	if cfg.Version == V5 {
		return cfg.Will.checkDurations()
	}
	switch {
	case cfg.Will != nil && cfg.Will.Properties != nil:
		return configFault("Will.Properties", "needs MQTT 5", "a property")
	case cfg.Will != nil && cfg.Will.Delay != 0:
		return configFault("Will.Delay", "needs MQTT 5", cfg.Will.Delay)
	case !cfg.Properties.isZero():
		return configFault("Properties", "needs MQTT 5", "a property")
	case cfg.Auth != nil:
		return configFault("Auth", "needs MQTT 5", "enhanced authentication")
	}
	return nil
}

func (l *Limits) checkRanges() error {
	switch {
	case l.InFlight < 1 || l.InFlight > 65535:
		return configFault("Limits.InFlight", "is not between 1 and 65535", l.InFlight)
	case l.InFlightQoS2 == 0 || l.InFlightQoS2 > 65535:
		return configFault("Limits.InFlightQoS2", "is not between 1 and 65535", l.InFlightQoS2)
	case l.ReceiveMaximum < 1 || l.ReceiveMaximum > 65535:
		return configFault("Limits.ReceiveMaximum", "is not between 1 and 65535", l.ReceiveMaximum)
	case l.TopicAliases > 65535:
		return configFault("Limits.TopicAliases", "is more than 65535", l.TopicAliases)
	}
	return nil
}

// checkLasting finds what a client that outlives a connection cannot do.
func (cfg *Config) checkLasting() error {
	if cfg.Store != nil && cfg.ClientID == "" {
		return &ArgumentError{Name: "Config.ClientID", What: "is empty; a Store belongs to one"}
	}
	if cfg.Poison > PoisonDropped {
		return configFault("Poison", "is no policy", cfg.Poison)
	}
	if cfg.Limits.Queue.Full > QueueDropOldest {
		return configFault("Limits.Queue.Full", "is no policy", cfg.Limits.Queue.Full)
	}
	if cfg.Reconnect != nil {
		return cfg.Reconnect.check()
	}
	return nil
}

// checkDurations refuses what would silently mean something else.
func (p *Properties) checkDurations(name string) error {
	if p != nil && p.MessageExpiry != nil && *p.MessageExpiry < 0 {
		return configFault(name+".MessageExpiry", "is negative; nil means never", *p.MessageExpiry)
	}
	return nil
}

func (w *Will) checkDurations() error {
	switch {
	case w == nil:
		return nil
	case w.Delay < 0:
		return configFault("Will.Delay", "is negative", w.Delay)
	default:
		return w.Properties.checkDurations("Will.Properties")
	}
}

// checkOpen refuses what Open does not look at.
func (cfg *Config) checkOpen() error {
	if err := cfg.Transport.check(); err != nil {
		return err
	}
	if err := cfg.checkManualAck(); err != nil {
		return err
	}
	if err := cfg.checkDialOnly(); err != nil {
		return err
	}
	other := *cfg
	other.keepOpened(&Config{})
	if name := other.firstSet(); name != "" {
		return &ArgumentError{Name: "Config." + name, What: "is not for Open; give it to Connect, or use Dial"}
	}
	return nil
}

// checkConnect refuses what Connect does not look at.
func (cfg *Config) checkConnect() error {
	if err := cfg.checkDialOnly(); err != nil {
		return err
	}
	opened := Config{}
	opened.keepOpened(cfg)
	if name := opened.firstSet(); name != "" {
		return &ArgumentError{Name: "Config." + name, What: "is not for Connect; Open was to have it"}
	}
	return nil
}

// checkDialOnly refuses what only Dial can do.
func (cfg *Config) checkDialOnly() error {
	name := ""
	switch {
	case cfg.Version == VersionAuto:
		return &ArgumentError{Name: "Config.Version", What: "VersionAuto is for Dial, which can make a second connection"}
	case cfg.Reconnect != nil:
		name = "Reconnect"
	case cfg.Store != nil:
		name = "Store"
	case cfg.Transport.Redirect != nil:
		name = "Transport.Redirect"
	default:
		return nil
	}
	return &ArgumentError{Name: "Config." + name, What: "is for Dial"}
}

// firstSet returns the name of the first field that is not zero, or "".
func (cfg *Config) firstSet() string {
	v := reflect.ValueOf(cfg).Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			return v.Type().Field(i).Name
		}
	}
	return ""
}

func configFault(name, what string, v any) error {
	return &ArgumentError{Name: name, What: fmt.Sprintf("%v %s", v, what)}
}
