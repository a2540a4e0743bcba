package wire

// Auth is the AUTH packet of MQTT 5.
type Auth struct {
	Code       ReasonCode
	Properties Properties
}

// ParseAuth parses the body of an AUTH. The standard contradicts itself on the empty
// body: section 3.15.2.1 allows it, 3.15.2.2.2 wants a method. It passes as Success; a
// client accepts that only while it authenticates again. Anything longer must name a
// method. Which code may come when, and from which side, is for the caller to judge.
func ParseAuth(h Header, body []byte, v Version) (Auth, error) {
	r := NewReader(h, body, AUTH)
	if v < V5 {
		r.Fail(ProtocolError, "AUTH needs MQTT 5")
	}
	var a Auth
	if len(r.b) > 0 {
		a.Code = ReasonCode(r.Uint8("reason code"))
		r.code(AUTH, a.Code) // [MQTT-3.15.2-1]
		a.Properties = r.Properties(AUTH)
		if r.err == nil && !a.Properties.Has(AuthenticationMethod) {
			r.Fail(ProtocolError, "no Authentication Method") // section 3.15.2.2.2
		}
	}
	if err := r.End(); err != nil {
		return Auth{}, err
	}
	return a, nil
}

// AppendAuth appends the packet; Success without properties has no body.
func AppendAuth(dst []byte, v Version, a *Auth) []byte {
	n := a.remaining(v)
	dst = AppendHeader(dst, AUTH, 0, n)
	if n == 0 {
		return dst
	}
	return AppendProperties(append(dst, byte(a.Code)), v, a.Properties)
}

// Length is the size of the whole packet, its header included.
func (a *Auth) Length(v Version) int { return sizeOf(a.remaining(v)) }

func (a *Auth) remaining(v Version) int {
	if a.Code == Success && len(a.Properties) == 0 {
		return 0
	}
	return 1 + a.Properties.Size(v)
}

// Validate returns an [*Error] for what must not be sent: a method is wanted always.
func (a *Auth) Validate(v Version) error {
	what := ""
	switch {
	case v < V5:
		what = "AUTH needs MQTT 5"
	case !a.Properties.Has(AuthenticationMethod):
		what = "no Authentication Method" // section 3.15.2.2.2
	default:
		return first(
			checkSent(AUTH, a.Code),
			a.Properties.validate(v, AUTH, AUTH),
			checkSize(AUTH, a.remaining(v)))
	}
	return &Error{Code: ProtocolError, Type: AUTH, What: what}
}
