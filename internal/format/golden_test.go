package format_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/internal/format"
	"dunlin/mqtt"
)

// user returns user properties of names and values.
func user(pairs ...string) (all []mqtt.UserProperty) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, mqtt.UserProperty{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// messages returns what testdata/mosquitto-2.1.2.json was recorded with.
func messages() map[string]*mqtt.Received {
	hour := time.Hour
	m := map[string]*mqtt.Received{
		"full": {
			Payload: []byte("message"), QoS: 1, PacketID: 77, Retain: true,
			Properties: &mqtt.Properties{
				PayloadIsText: true, MessageExpiry: &hour, ContentType: "text/plain", ResponseTopic: "resp/x",
				CorrelationData: []byte("cor\x00\xffr"), UserProperties: user("n", "v", "n", "w", `k "k`, "ü"),
			},
		},
		"bare":     {Payload: []byte("message")},
		"empty":    {},
		"double":   {Payload: binary.NativeEndian.AppendUint64(nil, math.Float64bits(-2.718281828))},
		"infinity": {Payload: binary.NativeEndian.AppendUint64(nil, math.Float64bits(math.Inf(1)))},
		"float":    {Payload: binary.NativeEndian.AppendUint32(nil, math.Float32bits(0.7071))},
		"bytes":    {},
		"nul":      {Payload: []byte("a\x00b")},
		"object": {
			Payload: []byte(`{"a":[1,{"b":[]},{}],"c":"d","e":{},"f":[[]]}`), QoS: 1, PacketID: 5,
			Properties: &mqtt.Properties{PayloadIsText: true, UserProperties: user("a", "b", "c", "d")},
		},
		"numbers": {Payload: []byte("[1.0,1e3,27.0,-0,0.1,1e400,12345678901234567890,1E-7,0.30000000000000004,3.14159265358979," +
			"1e15,5e-324,01,1.,-1.5e-10,123456789.125]")},
		"strings": {Payload: []byte(`["\u00e9\n\/","\ud83d\ude00","a\u0000b","` + "\t\x7f\"]")},
		"bom":     {Payload: []byte("\ufeff [ 1 , 2 ] ")},
	}
	for i := 1; i < 256; i++ {
		m["bytes"].Payload = append(m["bytes"].Payload, byte(i))
	}
	for i, payload := range []string{
		"nul", `{"a":1}x`, "{a:1}", "[1,]", `"\ud800"`, "1 2", "+1", ".5", "-", `"a`, "[1", `{"a"}`, `{"a":1,}`, "tru", `"\x"`,
	} {
		m["bad"+strconv.Itoa(i)] = &mqtt.Received{Payload: []byte(payload)}
	}
	for _, each := range m {
		each.Topic = "t/topic"
	}
	return m
}

var (
	stamp = regexp.MustCompile(`"tst":\t?"([^"]+)"`)
	unix  = regexp.MustCompile(`^([0-9]{10})\.([0-9]{9})`)
)

// recordedAt finds the time at which an output was recorded, in the output.
func recordedAt(t *testing.T, out string) time.Time {
	if found := stamp.FindStringSubmatch(out); found != nil {
		at, err := time.Parse("2006-01-02T15:04:05.000000-0700", found[1])
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	if found := unix.FindStringSubmatch(out); found != nil {
		s, _ := strconv.ParseInt(found[1], 10, 64)
		ns, _ := strconv.ParseInt(found[2], 10, 64)
		return time.Unix(s, ns).UTC()
	}
	return time.Time{}
}

// TestOutputIsThatOfMosquitto212 compares with what mosquitto_sub 2.1.2, built from Debian's
// source package and run with TZ=UTC, printed of the same packets.
func TestOutputIsThatOfMosquitto212(t *testing.T) {
	data, err := os.ReadFile("testdata/mosquitto-2.1.2.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded [][5]string
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded) < 1000 {
		t.Errorf("%d recorded, want a thousand", len(recorded))
	}
	all := messages()
	for _, r := range recorded {
		want, err := base64.StdEncoding.DecodeString(r[3])
		if err != nil {
			t.Fatal(err)
		}
		wantErr, err := base64.StdEncoding.DecodeString(r[4])
		if err != nil {
			t.Fatal(err)
		}
		p, err := format.New(format.Options{Format: r[2], NoNewline: true, Pretty: strings.Contains(r[1], "--pretty")})
		if err != nil {
			t.Errorf("%s: %v", r[2], err)
			continue
		}
		got, err := p.Append(nil, all[r[0]], recordedAt(t, string(want)))
		if string(got) != string(want) {
			t.Errorf("%s %s of %s:\n got %q\nwant %q", r[1], r[2], r[0], got, want)
		}
		var failed *format.PayloadError
		if text := ""; errors.As(err, &failed) {
			text = failed.Text
			if text != string(wantErr) {
				t.Errorf("%s of %s: error %q, want %q", r[2], r[0], text, wantErr)
			}
		} else if len(wantErr) > 0 {
			t.Errorf("%s of %s: no error, want %q", r[2], r[0], wantErr)
		}
	}
}
