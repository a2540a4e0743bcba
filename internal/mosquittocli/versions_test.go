package mosquittocli_test

import "slices"

// difference says in which rows Mosquitto 2.0.11, which Debian has, and 2.1.2 do not do the same, and why.
type versionDifference struct {
	why  string
	rows []string
}

// follows21 are the rows in which we follow 2.1.2: there the other side is what it did, as recorded in
// testdata/recorded. Record it anew with "go test ./internal/mosquittocli -run TestSideBySide -record
// FOLDER", where FOLDER has the three tools of 2.1.2; that also finds a row that is missing here.
var follows21 = []versionDifference{
	{"the option is new in 2.1", []string{
		"pub websocket", "pub websocket url", "pub no tls", "pub tls key log", "pub options file",
		"sub retain handling never", "sub retain handling new", "sub retain handling always", "sub format number",
		"sub websocket", "sub watch", "sub watch long", "sub options file", "rr websocket", "rr options file",
		"sub unsubscribe alone", "sub empty socket path", "rr latency", "sub message rate",
		"pub key log without tls", "pub empty cafile without tls", "pub missing cafile without tls", "pub options file missing",
		"pub options file with a byte 0",
	}},
	{"in debug lines an identifier that the server chooses is null in 2.1, (null) in 2.0", []string{
		"pub debug without identifier", "sub debug without identifier", "sub debug without identifier version 5",
		"rr debug without identifier",
	}},
	{"errors end without a full stop in 2.1", []string{
		"sub unknown host", "pub unknown host", "pub wrong password", "sub wrong password", "sub wrong password debug",
		"sub connack 5", "pub connack 1", "pub connack 2", "pub connack 3", "pub connack 4", "pub connack 135", "pub connack 138",
		"pub closed before connack", "pub user without password", "pub wrong password debug",
		"pub wrong password version 5", "pub wrong password stdin line", "pub proxy wrong password",
		"pub plain against tls", "rr connection lost", "pub empty folder of authorities", "pub empty local address",
	}},
	{"%j and %J have true and false, lists of user properties, and another time in 2.1", []string{
		"rr format json", "sub format json", "sub format json payload", "sub format order", "sub format identifier",
		"sub format json of json", "sub format json of json pretty",
	}},
	{"messages name more in 2.1", []string{"pub bad property", "sub nothing", "pub file missing"}},
	{"a precision of %x and %X counts bytes in 2.0, and is otherwise in 2.1", []string{"sub format widths"}},
	{"2.0 ends with status 0 when the server disconnects it", []string{
		"sub server says goodbye",
	}},
	{"mosquitto_rr of 2.0 forgets the payload of -f and -s", []string{"rr file", "rr stdin file"}},
}

// follows20 are the rows in which we follow 2.0.11 in spite of 2.1.2.
var follows20 = []versionDifference{
	{"2.1.2 tells the error of its own tidying up, Bad file descriptor, instead of why it could not connect", []string{
		"pub no server", "sub no server", "rr no server", "sub no server debug", "pub no server debug", "pub no server stdin line",
		"sub psk without key", "sub random filter", "sub long number", "pub no socket", "pub no proxy",
	}},
	{"2.1.2 does not take the key form pem when it is built without engines", []string{"pub tls key form", "sub tls key form"}},
}

// statuses are the exit statuses of a row on the two sides. Theirs may be one of several.
type statuses struct {
	theirs []int
	ours   int
}

// ownWords are the rows in which we have words of our own, so that these are not compared, but all else is.
var ownWords = []struct {
	why  string
	both statuses
	rows []string
}{
	{"the help is made of our options, and the version is ours", statuses{[]int{1}, 1}, []string{
		"pub help", "sub help", "rr help", "pub nothing", "pub no message", "pub version", "sub version", "rr version",
	}},
	{"what Mosquitto says of a failed TLS handshake, with which status, depends on which of its two threads sees it; ours says why", statuses{[]int{1, 7, 8}, 1}, []string{
		"pub tls against plain", "pub tls no certificate", "pub tls unknown authority", "pub tls os certs", "sub tls os certs", "rr tls os certs",
	}},
	{"the proxy's answer is told, not that there is no connection", statuses{[]int{4}, 16}, []string{"pub proxy no server"}},
	{"Mosquitto says two things in one line", statuses{[]int{1}, 1}, []string{"pub file is a folder"}},
}

// notCompared are differences that no row shows, because what theirs does depends on the moment, or loses messages.
//
//   - A line of -l that comes while the server is away: 2.1.2 ends with status 4, "Error: The client is not currently connected".
//     2.0.11 keeps trying and so do we, after the end of stdin, too: nobody's lines are to be lost for a restart.
//   - More than 65,535 lines of -l at QoS 1: 2.0.11 ends with status 0 when the packet identifier of the last line is
//     acknowledged for the first time, and the others never leave; 2.1.2 ends with fewer sent. We publish all of them.
//   - --remove-retained with -C or --retained-only: both of theirs print what they should and then hang until -W. We end.
//   - -u "" with -P: both of theirs connect with an empty user name. mqtt.Config has none that is given and empty, so that before
//     MQTT 5 it is refused with a sentence; a field of its own for this would be one more for everybody to understand.

// ownWordsOf returns the statuses of a row in which we have words of our own.
func ownWordsOf(name string) (both statuses, own bool) {
	for _, d := range ownWords {
		if slices.Contains(d.rows, name) {
			return d.both, true
		}
	}
	return statuses{}, false
}

// listed reports whether a row stands in a list.
func listed(list []versionDifference, name string) bool {
	return slices.ContainsFunc(list, func(d versionDifference) bool { return slices.Contains(d.rows, name) })
}
