package mosquittocli_test

import (
	"regexp"
	"sort"
	"strings"
)

// What two runs of the same program never have in common, and what is put there instead. This
// list is all that the comparison overlooks.
var varying = []struct {
	what    *regexp.Regexp
	instead string
}{
	// The client identifier that the broker makes.
	{regexp.MustCompile(`auto-[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`), "auto-ID"},
	// The client identifiers that the tools make before MQTT 3.1.1, and with -I: those of the process.
	{regexp.MustCompile(`mosq-[0-9A-Za-z]{18}\b`), "mosq-ID"},
	{regexp.MustCompile(`\bprefix-\d+\b`), "prefix-PID"},
	// Times, as %I, %j and %J print them, and %U.
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d`), "DATETIME"},
	{regexp.MustCompile(`DATETIME\.\d{6}`), "DATETIME.MICROSECONDS"},
	{regexp.MustCompile(`\b1[789]\d{8}\.\d{9}\b`), "UNIXTIME.NANOSECONDS"},
	{regexp.MustCompile(`\b1[789]\d{8}\b`), "UNIXTIME"},
	// How long an answer took, and how many messages came in each of some seconds.
	{regexp.MustCompile(`\bLatency: \d+\.\d{6}ms\b`), "Latency: MILLISECONDS"},
	{regexp.MustCompile(`(\b0 msgs/s\n)+`), "NONE EACH SECOND\n"},
}

// normalise takes out of an outcome what varies, and the ports and the folder of the run.
func (r *run) normalise(o outcome) outcome {
	pairs := []string{r.dir, "$dir"}
	for name, port := range r.ports {
		pairs = append(pairs, port, "$"+name)
	}
	places := strings.NewReplacer(pairs...)
	clean := func(text string) string {
		text = places.Replace(text)
		for _, v := range varying {
			text = v.what.ReplaceAllString(text, v.instead)
		}
		return text
	}
	o.stdout, o.stderr, o.arrived, o.wire = clean(o.stdout), clean(o.stderr), clean(o.arrived), clean(o.wire)
	return o
}

// connected finds a client's start in the log of Mosquitto 2.0.
var connected = regexp.MustCompile(`New client connected from \S+ as (.+) \(p\d,`)

// connection is where a client's start stands in the log.
type connection struct {
	id string
	at int
}

// connects returns the connections that the log tells of from an offset on, without the rig's own.
func connects(log string, from int) (list []connection) {
	for _, m := range connected.FindAllStringSubmatchIndex(log[from:], -1) {
		if id := log[from+m[2] : from+m[3]]; id != driverID {
			list = append(list, connection{id: id, at: from + m[1]})
		}
	}
	return list
}

var (
	logTime    = regexp.MustCompile(`^\d+: `)
	logAddress = regexp.MustCompile(`from \S+ as `)
	// What the broker does is no business of the tool; "ID 2 a/b" and "ID a/b" repeat the line before.
	brokersOwn = regexp.MustCompile(`^Sending |^OpenSSL |^Client connection from |^Client <unknown> |^Warning: Mosq|^mosquitto version |^Config loaded |^Opening |^No will |^New connection |^Outgoing messages |^Saving |^\S+ (\d )?\S+\n$`)
)

// wireLines returns what the broker logged of the tool: its packets, the details below them, and how
// its connections ended. Packets of a client are in order; those of several are sorted by client.
func wireLines(log string) string {
	byClient := map[string][]string{}
	last := ""
	for line := range strings.Lines(log) {
		line = logAddress.ReplaceAllString(logTime.ReplaceAllString(line, ""), "as ")
		if brokersOwn.MatchString(line) {
			continue
		}
		if !strings.HasPrefix(line, "\t") {
			last = clientOf(line)
		}
		byClient[last] = append(byClient[last], line)
	}
	delete(byClient, driverID)
	ids := make([]string, 0, len(byClient))
	for id := range byClient {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	var all strings.Builder
	for _, id := range ids {
		all.WriteString(strings.Join(byClient[id], ""))
	}
	return all.String()
}

// lineClient finds the client that a line of the log is about.
var lineClient = regexp.MustCompile(`^(?:New client connected as|Received \w+ from|Client) (\S+)`)

func clientOf(line string) string {
	if m := lineClient.FindStringSubmatch(line); m != nil {
		return strings.TrimSuffix(m[1], ".")
	}
	return ""
}
