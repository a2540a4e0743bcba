package dump_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dunlin/internal/dump"
)

func TestNamesOfTopics(t *testing.T) {
	long := strings.Repeat("x", 200)
	for topic, want := range map[string]string{
		"home/kitchen":       "home/kitchen",
		"Home/kItchen":       "!home/k!itchen",
		"$SYS/broker":        "%24!s!y!s/broker",
		"/":                  "%/%",
		"/a//b/":             "%/a/%/b/%",
		"..":                 "%2e%2e",
		"../../etc/passwd":   "%2e%2e/%2e%2e/etc/passwd",
		"./a":                "%2e/a",
		"a.json/b.":          "a.json/b%2e",
		".hidden/-rf":        "%2ehidden/%2drf",
		"con/nul.txt/COM1":   "%63on/%6eul.txt/!c!o!m1",
		"aux/prn":            "%61ux/%70rn",
		"com1/lpt9.a/com10":  "%63om1/%6cpt9.a/com10",
		"a b/c:d*?\"<>|\\":   "a%20b/c%3ad%2a%3f%22%3c%3e%7c%5c",
		"\x00\x1f\x7f":       "%00%1f%7f",
		"ü":                  "%c3%bc",
		"%/%2f/!a/+a":        "%25/%252f/%21a/%2ba",
		"@last":              "%40last",
		"progra~1":           "progra%7e1",
		long:                 long,
		long + "y":           long[:199] + "+/+xy",
		long + ".":           long[:199] + "+/+x%2e",
		long[:198] + "Ab/-c": long[:198] + "+/+!ab/%2dc",
	} {
		if got := dump.Name(topic); got != want {
			t.Errorf("%q: got %s, want %s", topic, got, want)
		}
		if back, err := dump.Topic(want); back != topic || err != nil {
			t.Errorf("%s: got %q and error %v, want %q", want, back, err, topic)
		}
	}
}

func TestWhatIsNoNameHasNoTopic(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "a/..", "a/", "/a", "A", "%", "a%", "%2", "%zz", "%2E", "%61", "!", "!!", "!1", "a!", "con", "a.", "a+", "a+/+b", "@last", "+", "%2fa", "a/b\x00", "%/+",
	} {
		if topic, err := dump.Topic(name); err == nil && name != "%" {
			t.Errorf("%q: got topic %q", name, topic)
		}
	}
}

// topics makes topics of what is likely to go wrong: any string of up to 65,535 bytes may come from a server.
func topics() *rapid.Generator[string] {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			"/", "/", ".", "..", "con", "NUL", "com1.", "%", "!", "+", "@", "a", "A", "\x00", "\u202e", "ß", "İ", "é", "e\u0301", "~1", " ",
			strings.Repeat("a", 199), strings.Repeat("é", 150), strings.Repeat("/", 70), strings.Repeat(".", 199), strings.Repeat("Q", 67),
		}),
		rapid.String(), rapid.StringN(1, 3, -1),
	)
	return rapid.Map(rapid.SliceOfN(part, 1, 12), func(parts []string) string { return strings.Join(parts, "") })
}

func TestNamesAreSafeAndReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topic := topics().Draw(t, "topic")
		name := dump.Name(topic)
		if back, err := dump.Topic(name); back != topic || err != nil {
			t.Fatalf("name %q has topic %q and error %v", name, back, err)
		}
		if strings.ToLower(name) != name {
			t.Fatalf("name %q tells upper from lower case", name) // so that, being reversible, no two names are one
		}
		for _, part := range strings.Split(name, "/") {
			checkPart(t, part)
		}
	})
}

func checkPart(t *rapid.T, part string) {
	if len(part) == 0 || len(part) > 200 {
		t.Fatalf("%q has %d bytes", part, len(part))
	}
	if i := strings.IndexFunc(part, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_-.!%+", r) }); i >= 0 {
		t.Fatalf("%q has a character that a file system may not take", part)
	}
	if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasPrefix(part, "-") {
		t.Fatalf("%q begins or ends as no name should", part)
	}
	base, _, _ := strings.Cut(part, ".")
	for _, device := range strings.Fields("con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9") {
		if base == device {
			t.Fatalf("%q is a device of Windows", part)
		}
	}
}
