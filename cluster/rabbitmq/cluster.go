//go:build linux

// Package rabbitmq runs real nodes of RabbitMQ 3.10 on this machine as a cluster, and breaks them.
package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dunlin/cluster/harness"
	"dunlin/internal/testserver"
	"dunlin/mqtt"
)

// nodes of a cluster: two of them are a majority.
const nodes = 3

// Cluster is a harness.Cluster.
type Cluster struct {
	settings Settings
	nodes    []*node
	folder   string
	script   string
	mapper   *process
	port     int // of the mapper
	version  string
	mended   int // restarts of nodes that ran apart from the others
}

type node struct {
	name      string
	mqtt, web int // ports
	link      int // the port of Erlang's connections between nodes
	process   *process
	stopped   bool
}

// erlang is the name by which nodes know each other.
func (n *node) erlang() string { return n.name + "@127.0.0.1" }

// New makes a cluster whose data and logs are in dir, and which Start starts.
func New(dir string, s Settings) (*Cluster, error) {
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	version, err := testserver.RabbitMQ()
	if err != nil {
		return nil, err
	}
	ports, err := testserver.FreePorts(1 + 3*nodes)
	if err != nil {
		return nil, err
	}
	c := &Cluster{settings: s, folder: dir, script: filepath.Join(here, "rabbitmq.sh"), port: ports[0], version: version}
	for i := range nodes {
		p := ports[1+3*i:]
		c.nodes = append(c.nodes, &node{name: "n" + strconv.Itoa(i), mqtt: p[0], web: p[1], link: p[2]})
	}
	return c, nil
}

// About is in the tables.
func (c *Cluster) About() harness.About {
	return harness.About{
		Name: "RabbitMQ", Version: c.version, Settings: c.settings.lines(),
		Cut: "both sides end Erlang's connections between the nodes and refuse new ones, by a wrong cookie",
	}
}

// URLs are the nodes' addresses.
func (c *Cluster) URLs() []string {
	var urls []string
	for _, n := range c.nodes {
		urls = append(urls, fmt.Sprintf("mqtt://127.0.0.1:%d", n.mqtt))
	}
	return urls
}

// Start starts the port mapper and all nodes, and sets the policy.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	var err error
	if c.mapper, err = launch(c.script, c.folder, strconv.Itoa(c.port), "mapper"); err != nil {
		return err
	}
	err = harness.Await(ctx, "the port mapper listens", func() error { return reach(c.port) })
	for i := range c.nodes { // one by one: started together, they have been seen to answer no CONNECT
		if err == nil {
			err = c.Restart(ctx, i)
		}
	}
	if err == nil {
		err = c.Whole(ctx)
	}
	if err == nil && c.settings.Policy != "" {
		_, err = c.Eval(ctx, 0, fmt.Sprintf(`rabbit_policy:parse_set(<<"/">>, <<"all">>, <<".*">>, %q, "0", <<"queues">>, <<"none">>).`, c.settings.Policy))
	}
	return err
}

// prepare writes what the nodes read.
func (c *Cluster) prepare() error {
	write := func(name, content string) error {
		return os.WriteFile(filepath.Join(c.folder, name), []byte(content), 0o600)
	}
	err := errors.Join(write("none", ""), write("plugins", "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n"))
	for _, n := range c.nodes {
		err = errors.Join(err, os.Mkdir(filepath.Join(c.folder, n.name), 0o700),
			write(n.name+"/rabbitmq.conf", c.settings.conf(c.nodes, n)))
	}
	return err
}

func (c *Cluster) launch(i int) (err error) {
	n := c.nodes[i]
	n.process, err = launch(c.script, c.folder, strconv.Itoa(c.port), "node", n.name, strconv.Itoa(n.link), c.settings.Erlang)
	return err
}

// await returns when a node takes MQTT clients.
func (c *Cluster) await(ctx context.Context, i int) error {
	n := c.nodes[i]
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return harness.Await(ctx, n.name+" takes clients", func() error {
		if !n.process.alive() {
			return harness.Fatal{Err: fmt.Errorf("rabbitmq: node %d has ended; its log says:\n%s", i, c.Log(i))}
		}
		if err := reach(n.mqtt); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		client, err := mqtt.Dial(ctx, c.URLs()[i], mqtt.Config{Version: mqtt.V311})
		if err != nil {
			return err
		}
		return client.Close(ctx)
	})
}

// Kill ends a node with SIGKILL.
func (c *Cluster) Kill(i int) error {
	n := c.nodes[i]
	if n.process == nil {
		return fmt.Errorf("rabbitmq: node %d does not run", i)
	}
	n.process.end()
	n.process, n.stopped = nil, false
	return nil
}

// End ends a node in an orderly way.
func (c *Cluster) End(ctx context.Context, i int) error {
	n := c.nodes[i]
	if n.process == nil {
		return fmt.Errorf("rabbitmq: node %d does not run", i)
	}
	if err := n.process.signal(syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := harness.Await(ctx, n.name+" has ended", func() error {
		if n.process.alive() {
			return errors.New("it runs")
		}
		return nil
	})
	return errors.Join(err, c.Kill(i))
}

// Restart starts a node that was killed.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	if c.nodes[i].process != nil {
		return fmt.Errorf("rabbitmq: node %d runs", i)
	}
	if err := c.launch(i); err != nil {
		return err
	}
	return c.await(ctx, i)
}

// Stop has a node stand still.
func (c *Cluster) Stop(i int) error {
	return c.signal(i, syscall.SIGSTOP)
}

// Continue has it go on.
func (c *Cluster) Continue(i int) error {
	return c.signal(i, syscall.SIGCONT)
}

func (c *Cluster) signal(i int, s syscall.Signal) error {
	n := c.nodes[i]
	if n.process == nil {
		return fmt.Errorf("rabbitmq: node %d does not run", i)
	}
	n.stopped = s == syscall.SIGSTOP
	return n.process.signal(s)
}

// Log returns the end of what a node has printed and logged.
func (c *Cluster) Log(i int) string {
	n := c.nodes[i]
	var b strings.Builder
	for _, file := range []string{"out", "log/" + n.erlang() + ".log"} {
		text, err := os.ReadFile(filepath.Join(c.folder, n.name, file))
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		b.Write(text[max(0, len(text)-4000):])
	}
	return b.String()
}

// Close ends everything.
func (c *Cluster) Close() error {
	for _, n := range c.nodes {
		if n.process != nil {
			n.process.end()
			n.process = nil
		}
	}
	if c.mapper != nil {
		c.mapper.end()
		c.mapper = nil
	}
	return nil
}
