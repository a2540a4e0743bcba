package harness

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// WriteTables replaces what a document has between the markers of a cluster by the tables of an outcome.
func WriteTables(name, cluster string, o Outcome) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err := replaceTables(string(old), cluster, Tables(o))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// replaceTables returns text with other tables of a cluster.
func replaceTables(text, cluster, tables string) (string, error) {
	from, to := "<!-- cluster "+cluster+" -->\n", "<!-- end of cluster "+cluster+" -->"
	head, rest, found := strings.Cut(text, from)
	_, tail, ended := strings.Cut(rest, to)
	if !found || !ended {
		return "", fmt.Errorf("it has no lines %q and %q", strings.TrimSpace(from), to)
	}
	return head + from + tables + to + tail, nil
}

// legend says what the columns of faults are.
const legend = `
A fault lasts until all clients are on nodes that are there, at least ten seconds. CONNECT: from OnDisconnect to the first CONNECT that
was sent to such a node, which is the client's part; the wait before the first attempt is anything up to half a second.
CONNACK: from that CONNECT to being accepted, the servers' part. Connects/s: those that began in the second that had most. Sessions lost,
and retained messages that a new client gets from the node that has fewest, of the nodes that are there during the fault and of all after
it: what the cluster kept. Slowest message: from Publish to the subscriber's handler. All times are median, p99 and maximum.
`

// Tables are an outcome for people to read, in Markdown.
func Tables(o Outcome) string {
	var b strings.Builder
	a, opt := o.Account, o.Options
	fmt.Fprintf(&b, "%s %s, three nodes. %d clients, MQTT %s, QoS 1, %d messages in %v, each published by one client to another.\n",
		o.About.Name, o.About.Version, opt.Clients, version(o.About), a.Published, o.Took.Round(time.Second))
	fmt.Fprintf(&b, "At most %.0f messages and %.0f first connects a second. Cut off means: %s.\n\nSettings:\n\n", opt.Rate, opt.Ramp, o.About.Cut)
	for _, s := range o.About.Settings {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	b.WriteString("\n| messages | |\n| --- | --: |\n")
	for _, row := range []struct {
		name string
		n    int
	}{
		{"published", a.Published},
		{"received", a.Handled},
		{"lost by the client", a.LostByClient},
		{"lost by the cluster, which had acknowledged them", a.LostByCluster},
		{"failed, or never acknowledged", a.Failed + a.Unfinished},
		{"received twice, for they were published again without an acknowledgement", a.DoubledByPublisher},
		{"received twice, for the cluster delivered them again", a.DoubledByCluster},
		{"received twice by the client's fault", a.DoubledByClient},
		{"received after a later one", a.Disordered},
	} {
		fmt.Fprintf(&b, "| %s | %d |\n", row.name, row.n)
	}
	b.WriteString(legend)
	b.WriteString("\n| node | clients on it | connections lost | CONNECT after | CONNACK after that | back after, in all | " +
		"connects/s | then on each node | sessions lost | retained: during, after | whole again | slowest message |\n" +
		"| --- | --: | --: | --- | --- | --- | --: | --- | --: | --- | --: | --: |\n")
	for _, f := range o.Faults {
		fmt.Fprintf(&b, "| %d %s | %d | %d | %s | %s | %s | %d | %s | %d | %d, %d of %d | %s | %s |\n",
			f.Node, f.Fault, f.On, f.Lost, f.Asked, f.Answered, f.Back, f.Connects, counts(f.Spread), f.NoSession,
			f.KeptMeanwhile, f.KeptAfter, kept, seconds(f.Whole), seconds(f.Slowest))
	}
	return b.String()
}

func version(a About) string {
	if a.V5 {
		return "5"
	}
	return "3.1.1"
}

// String gives them in a cell of a table.
func (d Durations) String() string {
	if d.N == 0 {
		return "none"
	}
	return seconds(d.Median) + ", " + seconds(d.P99) + ", " + seconds(d.Max)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func counts(all []int) string {
	text := make([]string, len(all))
	for i, n := range all {
		text[i] = fmt.Sprint(n)
	}
	return strings.Join(text, ", ")
}
