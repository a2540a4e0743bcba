package mqtt

import (
	"cmp"
	"errors"
	"slices"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/wire"
)

// autoVersions are the versions that VersionAuto tries, in this order.
var autoVersions = []Version{V5, V311}

// rememberedServers is how many servers' versions are remembered: more than any list has, and a
// bound where Reconnect.Prepare goes to another URL each time.
const rememberedServers = 100

// spoken is what a client with VersionAuto knows of versions.
type spoken struct {
	by     map[string]accepted // by URL without credentials
	stored Version             // of the session in the store; 0: it is not known
	guess  bool                // the version of the attempt under way: see accepted.guessed
}

// accepted is a version that a server accepted.
type accepted struct {
	version Version
	// guessed: the server closed the connection in which it was asked for another version, which it may
	// also do while it is restarted. The second time in a row this counts as its answer.
	guessed bool
}

// least returns the version that takes least of those that v may come to.
func (v Version) least() Version {
	if v == VersionAuto {
		return V311
	}
	return v
}

// speaking returns cfg for a connection of version v, if cfg leaves the version open. A session
// that is to be kept is kept in each of them.
func (cfg *Config) speaking(v Version) Config {
	as := *cfg
	if cfg.Version != VersionAuto {
		return as
	}
	as.Version = v
	switch {
	case v < V5:
		as.Properties.SessionExpiry = 0
	case cfg.KeepSession:
		as.Properties.SessionExpiry = cmp.Or(cfg.Properties.SessionExpiry, NeverExpires)
	}
	return as
}

// checkAuto finds what one of the versions that VersionAuto may come to cannot do.
func (cfg *Config) checkAuto() error {
	if expiry := cfg.Properties.SessionExpiry; expiry > 0 && !cfg.KeepSession {
		return configFault("Properties.SessionExpiry", "needs KeepSession with VersionAuto, because MQTT 3.1.1 keeps no session that begins clean", expiry)
	}
	for _, v := range autoVersions {
		as := cfg.speaking(v)
		err := as.Validate()
		var fault *ArgumentError
		if errors.As(err, &fault) && v < V5 {
			return &ArgumentError{Name: fault.Name, What: fault.What + "; VersionAuto may come to MQTT " + v.String()}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// negotiate calls connect with cfg, for one version after the other if cfg leaves that open, and
// returns the error of the last. known is what the server has accepted before, 0 for nothing: then only a
// server that says that it does not speak it any more is asked for another, because one that
// closes the connection may be about to stop.
func (cfg *Config) negotiate(known Version, connect func(Config) error) error {
	if cfg.Version != VersionAuto {
		return connect(*cfg)
	}
	versions := autoVersions
	if known != 0 {
		versions = append([]Version{known}, slices.DeleteFunc(slices.Clone(autoVersions), func(v Version) bool { return v == known })...)
	}
	var err, before error
	for _, v := range versions {
		before = err
		err = connect(cfg.speaking(v))
		if !refusesVersion(err) && (known != 0 || !hungUp(err)) {
			break
		}
	}
	var last *NoConnAckError
	if hungUp(before) && hungUp(err) && errors.As(err, &last) {
		last.Version = VersionAuto
	}
	return err
}

// refusesVersion reports whether the server said that it does not speak the version.
func refusesVersion(err error) bool {
	var refused *ConnectError
	return errors.As(err, &refused) && refused.refusesVersion()
}

func (e *ConnectError) refusesVersion() bool {
	if e.Version < V5 {
		return wire.ReasonCode(e.Code) == wire.RefusedVersion
	}
	return wire.ReasonCode(e.Code) == wire.UnsupportedProtocolVersion
}

// hungUp reports whether the server closed the connection in the place of a CONNACK.
func hungUp(err error) bool {
	var unanswered *NoConnAckError
	return errors.As(err, &unanswered) && unanswered.Answer == nil && closedByServer(unanswered.Err)
}

// otherVersion returns err, by which a CONNACK cannot be read, as the refusal that it is if the
// server answered in the form of a version that it speaks.
func (c *Client) otherVersion(err error) error {
	var fault *wire.Error
	if !errors.As(err, &fault) || fault.Code != wire.UnsupportedProtocolVersion {
		return err
	}
	code := wire.UnsupportedProtocolVersion
	if c.cfg.Version < V5 {
		code = wire.RefusedVersion
	}
	return &ConnectError{Server: c.conn.remote, Version: c.cfg.Version, Code: ReasonCode(code)}
}

// negotiates reports whether the version is agreed upon with each server anew.
func (c *Client) negotiates() bool {
	return c.supervisor != nil && c.supervisor.base.Version == VersionAuto
}

// knownVersion returns what the server at address has accepted before, else what the session in
// the store was, else 0.
func (c *Client) knownVersion(address dial.Address) Version {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.supervisor.spoken
	if last := s.by[address.String()]; last.version != 0 && !last.guessed {
		return last.version
	}
	return s.stored
}

// tryVersion notes that the server at address is about to be asked for version v, after it has answered
// another one with before, or nil.
func (c *Client) tryVersion(address dial.Address, v Version, before error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.supervisor.spoken
	s.guess = hungUp(before) && s.by[address.String()].version != v
}

// noteVersion remembers how the server at address took version v. Only what it accepted counts, or
// that it refused a login in MQTT 5, not that it closed the connection.
func (c *Client) noteVersion(address dial.Address, v Version, err error) {
	if !c.negotiates() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.supervisor.spoken
	var refused *ConnectError
	switch {
	case refusesVersion(err):
		delete(s.by, address.String())
		if s.stored == v {
			s.stored = 0
		}
	case err == nil, errors.As(err, &refused) && refused.Version == V5:
		if s.by == nil || len(s.by) >= rememberedServers {
			s.by = make(map[string]accepted)
		}
		s.by[address.String()] = accepted{version: v, guessed: s.guess}
	}
}

// agreeLocked has the session of a client that negotiates go on in the version that the server has
// just accepted.
func (c *Client) agreeLocked() {
	if c.negotiates() {
		c.version.Store(uint32(c.cfg.Version))
		c.failLeftLocked(c.sess.Speak(c.cfg.session()))
	}
	c.sess.NoteVersion(c.negotiates() && !c.supervisor.spoken.guess)
}
