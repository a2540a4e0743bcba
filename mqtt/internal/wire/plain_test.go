package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPlain has no plain string that the careful judges refuse, and finds the common
// topics plain.
func TestPlain(t *testing.T) {
	for _, s := range []string{"a", "site/7/Sensor_3/temp-1", "~ !\"$%&'()*,-./:;<=>?@[]^`{|}"} {
		if !plain(s) {
			t.Errorf("%q is not plain", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Repeat("a", rapid.IntRange(0, 20).Draw(t, "before")) +
			string(rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "odd")) +
			strings.Repeat("z", rapid.IntRange(0, 20).Draw(t, "after"))
		if plain(s) && (textFault([]byte(s)) != "" || topicFault(s) != "") {
			t.Fatalf("%q is plain", s)
		}
	})
}
