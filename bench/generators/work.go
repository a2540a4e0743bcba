// Package generators has load generators do the same work side by side, each on one processor while the server has the
// others, and measures from outside how much they do and what a message costs them.
package generators

import (
	"strconv"
	"strings"

	"dunlin/bench/report"
)

// Every generator has so many clients, and those who can be told so many messages of each under way.
const (
	Clients = 100
	Window  = 20 // what Mosquitto takes by default
)

// feedTopic is what the subscribers of a broker get.
const feedTopic = "load"

// Works are what the generators do.
var Works = []report.LoadWork{
	{Name: "pub0", QoS: 0, Size: 64, What: "publish 64 bytes at QoS 0"},
	{Name: "pub0-512", QoS: 0, Size: 512, What: "publish 512 bytes at QoS 0"},
	{Name: "pub1", QoS: 1, Size: 64, What: "publish 64 bytes at QoS 1"},
	{Name: "sub0", QoS: 0, Size: 64, Subscribe: true, What: "receive 64 bytes at QoS 0"},
}

// task is a work at a server, in the words of a command line.
type task struct {
	work  *report.LoadWork
	port  string
	topic string // %d is the number of the client
	dir   string // for files
}

func (t *task) url(scheme string) string { return scheme + "://127.0.0.1:" + t.port }

// kind is what the drivers call the work.
func (t *task) kind() string {
	if t.work.Subscribe {
		return "sub"
	}
	return "pub"
}

func (t *task) qos() string  { return strconv.Itoa(int(t.work.QoS)) }
func (t *task) size() string { return strconv.Itoa(t.work.Size) }

// topicOf is the topic of a client.
func (t *task) topicOf(client string) string { return strings.ReplaceAll(t.topic, "%d", client) }

// driver is the command line of a driver of ours.
func (t *task) driver(program ...string) []string {
	scheme := "mqtt"
	if len(program) == 1 {
		scheme = "tcp" // as paho calls it
	}
	return append(program, t.kind(), t.url(scheme), t.qos(), t.size(), strconv.Itoa(Clients), strconv.Itoa(Window), t.topic)
}

// dunlin is the command line of dunlin bench.
func (t *task) dunlin(program string) []string {
	args := []string{
		program, "bench", t.kind(), "-L", t.url("mqtt"), "-V", "3.1.1", "-c", strconv.Itoa(Clients), "-q", t.qos(),
		"-t", t.topicOf("{{.Client}}"), "--duration", "1h", "--quiet",
	}
	if !t.work.Subscribe {
		args = append(args, "--size", t.size(), "-M", strconv.Itoa(Window))
	}
	return args
}

// mosquitto is the command line of one client of mosquitto_pub or mosquitto_sub.
func (t *task) mosquitto(client int) []string {
	number := strconv.Itoa(client)
	args := []string{"mosquitto_" + t.kind(), "-h", "127.0.0.1", "-p", t.port, "-V", "mqttv311", "-q", t.qos(), "-t", t.topicOf(number)}
	if t.work.Subscribe {
		return args
	}
	return append(args, "-l")
}
