package broker_test

import (
	"reflect"
	"strings"
	"testing"

	"dunlin/broker"
)

func TestParseUsers(t *testing.T) {
	hash := "$7$101$c2FsdHNhbHQ=$" + strings.Repeat("A", 86) + "=="
	cases := []struct {
		name, text string
		want       []broker.User
		err        string
	}{
		{"nothing", "", nil, ""},
		{"comments", "# a:b\n\n  \n", nil, ""},
		{"plain", "ann:one\nbob:two", []broker.User{{Name: "ann", Password: "one"}, {Name: "bob", Password: "two"}}, ""},
		{"windows", "ann:one\r\n", []broker.User{{Name: "ann", Password: "one"}}, ""},
		{"colons and spaces", "ann: a:b ", []broker.User{{Name: "ann", Password: " a:b "}}, ""},
		{"empty password", "ann:", []broker.User{{Name: "ann"}}, ""},
		{"dollars", "ann:$100\nbob:$x$y", []broker.User{{Name: "ann", Password: "$100"}, {Name: "bob", Password: "$x$y"}}, ""},
		{"hash", "ann:" + hash, []broker.User{{Name: "ann", Password: hash}}, ""},
		{"no colon", "a:b\nann", nil, "line 2: no name"},
		{"no name", ":x", nil, "line 1: no name"},
		{"bcrypt", "ann:$2b$10$abcdefgh", nil, "$2b$"},
		{"argon2", "ann:$argon2id$v=19$m=1$x$y", nil, "$argon2id$"},
		{"sha512", "ann:$6$salt$hash", nil, "$6$"},
		{"fields", "ann:$7$101$c2FsdA==", nil, "ITERATIONS"},
		{"iterations", "ann:$7$0$c2FsdA==$AAAA", nil, "iterations"},
		{"endless iterations", "ann:$7$99999999999$c2FsdA==$AAAA", nil, "iterations"},
		{"salt", "ann:$7$101$???$AAAA", nil, "salt"},
		{"short hash", "ann:$7$101$c2FsdA==$AAAA", nil, "64 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := broker.ParseUsers([]byte(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}
