package format_test

import (
	"context"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/internal/format"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

const separator = "\n#~#\n"

// sub returns a call of Debian's mosquitto_sub 2.0.11.
func sub(ctx context.Context, t *testing.T, b *mosquitto.Broker, args ...string) *exec.Cmd {
	t.Helper()
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	base := []string{"-p", port, "-i", "other", "-q", "2", "-V", "5", "-t", "#"}
	cmd := exec.CommandContext(ctx, "mosquitto_sub", append(base, args...)...)
	cmd.Env = append(cmd.Environ(), "TZ=UTC", "LC_ALL=C")
	return cmd
}

// differing makes one of what mosquitto_sub 2.0.11 prints otherwise than 2.1.2 does, and of the time.
// The client asks for subscription identifiers, mosquitto_sub does not.
func differing(out string) string {
	out = strings.NewReplacer(`"properties":{"subscription-identifier":1},`, "", `,"subscription-identifier":1`, "").Replace(out)
	out = regexp.MustCompile(`("tst":\t?")[^"]*`).ReplaceAllString(out, "${1}T")
	return regexp.MustCompile(`("retain":\t?)(0|false)`).ReplaceAllString(out, "${1}0")
}

// TestOutputIsThatOfDebiansMosquittoSub has Mosquitto deliver the same messages to both.
func TestOutputIsThatOfDebiansMosquittoSub(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := mosquitto.Start(t, mosquitto.Options{})
	received := make(chan *mqtt.Received, 1000)
	client, err := mqtt.Dial(ctx, b.URL(), mqtt.Config{Version: mqtt.V5, OnMessage: func(_ context.Context, m *mqtt.Received) {
		kept := *m
		kept.Payload = append([]byte(nil), m.Payload...)
		received <- &kept
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(ctx)
	if _, err := client.Subscribe(ctx, mqtt.Subscription{Filter: "#", QoS: 2}); err != nil {
		t.Fatal(err)
	}
	formats := []string{"%t %q"}              // tells the messages apart: those of QoS 2 come in another order
	for _, verb := range "ACDEFPRXlmpqrtx%" { // not %S: our client asks for identifiers
		for _, flags := range []string{"", "0", "-", "-0", "12", "012", "-12", "-012", "3", ".3", ".0", ".", "12.3", "012.3", "-12.3", "300", "-300", "0300", "20.2", "-5"} {
			// 2.0.11 groups no digits, pads them otherwise, and fills no missing content type with zeros.
			padded := flags != "" && (verb == 'x' || verb == 'X')
			if !padded && (verb != 'C' || !strings.Contains(flags, "0")) {
				formats = append(formats, "%"+flags+string(verb))
			}
		}
	}
	formats = append(formats, "%j", `\\|\0|\a|\e|\r|\t|\v|@@|@t|@n|@%|@f|@1|@5`, "text\n")
	const count = 3 * 12 // QoS 0 to 2, for each message below
	var out strings.Builder
	cmd := sub(ctx, t, b, "-N", "-C", strconv.Itoa(count), "-F", strings.Join(formats, separator)+separator)
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.WaitLog("Sending SUBACK to other")
	sent := 0
	for name, m := range messages() {
		if strings.HasPrefix(name, "bad") { // %J writes about these to stderr
			continue
		}
		for qos := range mqtt.QoS(3) {
			properties := m.Properties
			if properties != nil {
				properties = &mqtt.Properties{
					PayloadIsText: true, ContentType: properties.ContentType, ResponseTopic: properties.ResponseTopic,
					CorrelationData: properties.CorrelationData, // user properties and the expiry: see below
				}
			}
			err := client.Publish(ctx, mqtt.Message{Topic: "format/" + name, Payload: m.Payload, QoS: qos, Properties: properties})
			if err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	if err := cmd.Wait(); err != nil || sent != count {
		t.Fatalf("mosquitto_sub: %v; %d messages sent", err, sent)
	}
	parts := strings.Split(strings.TrimSuffix(out.String(), separator), separator)
	if len(parts) != sent*len(formats) {
		t.Fatalf("mosquitto_sub printed %d parts, want %d times %d", len(parts), sent, len(formats))
	}
	printed := map[string][]string{}
	for i := range sent {
		of := parts[i*len(formats) : (i+1)*len(formats)]
		printed[of[0]] = of
	}
	for range sent {
		m := <-received
		theirs := printed[m.Topic+" "+strconv.Itoa(int(m.QoS))]
		for j, f := range formats {
			p, err := format.New(format.Options{Format: f, NoNewline: true})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Append(nil, m, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if len(theirs) == 0 {
				t.Fatalf("mosquitto_sub printed nothing of %s", m.Topic)
			}
			if want := theirs[j]; differing(string(got)) != differing(want) {
				t.Errorf("%q of %s:\n got %q\nwant %q", f, m.Topic, got, want)
			}
		}
	}
}

// TestRefusesFormatsAsMosquittoDoes compares the first line on stderr.
func TestRefusesFormatsAsMosquittoDoes(t *testing.T) {
	for _, f := range []string{
		"%", "%B", "%5", "%-", "%0", "%.", "%.2", "%5.5", "a%", "%Bx", "%a", "@", "a@", `\`, `a\`, `\q`, `\x`, `\x41`, `\1`, `\101`, `\E`, `\b`, `\f`, `\"`,
		"%é", "%.2éx", "%0-12A", "%::t", "%\t", "%t %n", "%.-2z",
	} {
		cmd := exec.CommandContext(t.Context(), "mosquitto_sub", "-t", "x", "-F", f)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("mosquitto_sub takes %q", f)
		}
		want, _, _ := strings.Cut(string(out), "\n")
		// 2.0.11 has fewer separators and so may name the one that stands in front.
		newer := map[string]string{"%0-12A": "Error: Invalid format specifier '1'.", "%.-2z": "Error: Invalid format specifier '2'."}
		if text, ok := newer[f]; ok {
			want = text
		}
		if _, err := format.Parse(f); err == nil || "Error: "+err.Error() != want {
			t.Errorf("%q: got %v, want %s", f, err, want)
		}
	}
	if _, err := format.Parse("%99999999999999999999t"); err == nil {
		t.Error("a width that fills memory is taken")
	}
}
