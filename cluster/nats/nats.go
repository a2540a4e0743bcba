//go:build linux

// Package nats is a cluster of three NATS servers with JetStream, each a process of its own on this machine.
package nats

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"dunlin/cluster/harness"
	"dunlin/internal/testserver"
)

// nodes of the cluster: two of them are a majority.
const nodes = 3

//go:embed node.conf
var configText string

var configTemplate = template.Must(template.New("node.conf").Parse(configText))

// settings are what configTemplate is filled with.
type settings struct {
	Name, Log, Store                             string
	ClientPort, MonitorPort, RoutePort, MQTTPort int
	Routes                                       []string
}

// Cluster is the servers.
type Cluster struct {
	dir, version string
	nodes        [nodes]node
	settings     [nodes]settings
	routes       [nodes][nodes]*route // from, to; nil on the diagonal
}

// New builds the server and makes the settings of a cluster whose data and logs are in dir.
func New(dir string) (*Cluster, error) {
	c := &Cluster{dir: dir}
	program := filepath.Join(dir, "nats-server")
	build := exec.Command("go", "build", "-o", program, "github.com/nats-io/nats-server/v2")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("nats: %s: %w\n%s", build, err, out)
	}
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("nats: %s --version: %w", program, err)
	}
	_, c.version, _ = strings.Cut(strings.TrimSpace(string(out)), ": v")
	if err := c.layOut(program); err != nil {
		return nil, errors.Join(fmt.Errorf("nats: %w", err), c.Close())
	}
	return c, nil
}

// layOut gives the nodes their ports and files.
func (c *Cluster) layOut(program string) error {
	ports, err := testserver.FreePorts(4 * nodes)
	if err != nil {
		return err
	}
	for i := range nodes {
		name := "node" + strconv.Itoa(i)
		own := ports[4*i:]
		c.settings[i] = settings{
			Name: name, Log: filepath.Join(c.dir, name+".log"), Store: filepath.Join(c.dir, name),
			ClientPort: own[0], MonitorPort: own[1], RoutePort: own[2], MQTTPort: own[3],
		}
		c.nodes[i] = node{program: program, config: filepath.Join(c.dir, name+".conf")}
	}
	for i := range nodes {
		if err := c.route(i); err != nil {
			return err
		}
		if err := c.writeConfig(i); err != nil {
			return err
		}
	}
	return nil
}

// route makes the ways from node i to the others.
func (c *Cluster) route(i int) error {
	for j := range nodes {
		if i == j {
			continue
		}
		r, err := newRoute(local(c.settings[j].RoutePort))
		if err != nil {
			return err
		}
		c.routes[i][j] = r
		c.settings[i].Routes = append(c.settings[i].Routes, r.addr())
	}
	return nil
}

func (c *Cluster) writeConfig(i int) error {
	var text bytes.Buffer
	if err := configTemplate.Execute(&text, c.settings[i]); err != nil {
		return err
	}
	return os.WriteFile(c.nodes[i].config, text.Bytes(), 0o600)
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// About implements harness.Cluster.
func (c *Cluster) About() harness.About {
	return harness.About{
		Name: "NATS JetStream", Version: c.version,
		Settings: []string{
			"jetstream: on, files; sync_interval as it is by default, 2 minutes",
			"mqtt.stream_replicas: 3 (consumers follow the stream)",
			"mqtt.ack_wait: 5s (default 30s)",
			"cluster.ping_interval: 2s, cluster.ping_max: 2 (default 30s, 2)",
		},
		Cut: "proxies between the nodes go silent, with connections left open",
	}
}

// URLs implements harness.Cluster.
func (c *Cluster) URLs() []string {
	urls := make([]string, nodes)
	for i := range urls {
		urls[i] = "mqtt://" + local(c.settings[i].MQTTPort)
	}
	return urls
}

// Start implements harness.Cluster.
func (c *Cluster) Start(ctx context.Context) error {
	for i := range c.nodes {
		if err := c.nodes[i].start(); err != nil {
			return fmt.Errorf("nats: node %d: %w", i, err)
		}
	}
	return c.Whole(ctx)
}

// Kill implements harness.Cluster.
func (c *Cluster) Kill(i int) error { return c.nodes[i].kill() }

// End implements harness.Cluster.
func (c *Cluster) End(ctx context.Context, i int) error {
	if err := c.nodes[i].signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-c.nodes[i].gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("nats: node %d has not ended: %w", i, context.Cause(ctx))
	}
}

// Restart implements harness.Cluster.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	if err := c.nodes[i].start(); err != nil {
		return fmt.Errorf("nats: node %d: %w", i, err)
	}
	return harness.Await(ctx, fmt.Sprintf("node %d takes clients", i), func() error {
		if err := c.nodes[i].alive(); err != nil {
			return err
		}
		conn, err := net.Dial("tcp", local(c.settings[i].MQTTPort))
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// Stop implements harness.Cluster.
func (c *Cluster) Stop(i int) error { return c.nodes[i].signal(syscall.SIGSTOP) }

// Continue implements harness.Cluster.
func (c *Cluster) Continue(i int) error { return c.nodes[i].signal(syscall.SIGCONT) }

// CutOff implements harness.Cluster.
func (c *Cluster) CutOff(i int) error {
	c.cut(i, true)
	return nil
}

// Heal implements harness.Cluster.
func (c *Cluster) Heal(i int) error {
	c.cut(i, false)
	return nil
}

func (c *Cluster) cut(i int, cut bool) {
	for j := range nodes {
		if i != j {
			c.routes[i][j].set(cut)
			c.routes[j][i].set(cut)
		}
	}
}

// Whole implements harness.Cluster: every node says that it is healthy, which takes in that its copies of all streams and
// consumers are up to date, and sees both others.
func (c *Cluster) Whole(ctx context.Context) error {
	for i := range nodes {
		if err := harness.Await(ctx, fmt.Sprintf("node %d is healthy", i), func() error { return c.healthy(ctx, i) }); err != nil {
			return fmt.Errorf("nats: %w", err)
		}
	}
	return nil
}

func (c *Cluster) healthy(ctx context.Context, i int) error {
	if err := c.nodes[i].alive(); err != nil {
		return err
	}
	var health struct{ Status, Error string }
	if err := c.ask(ctx, i, "healthz", &health); err != nil {
		return err
	}
	if health.Status != "ok" {
		return fmt.Errorf("%s: %s", health.Status, health.Error)
	}
	return c.sees(ctx, i)
}

// sees returns an error unless a node has routes to all others and knows who leads.
func (c *Cluster) sees(ctx context.Context, i int) error {
	var seen struct {
		Routes []struct {
			RemoteID string `json:"remote_id"`
		}
	}
	if err := c.ask(ctx, i, "routez", &seen); err != nil {
		return err
	}
	others := map[string]bool{}
	for _, r := range seen.Routes {
		others[r.RemoteID] = true
	}
	if len(others) < nodes-1 {
		return fmt.Errorf("it has routes to %d other nodes", len(others))
	}
	var jetstream struct {
		Meta struct{ Leader string } `json:"meta_cluster"`
	}
	if err := c.ask(ctx, i, "jsz", &jetstream); err != nil {
		return err
	}
	if jetstream.Meta.Leader == "" {
		return errors.New("JetStream has no leader yet")
	}
	return nil
}

// ask gets a page of a node's monitoring.
func (c *Cluster) ask(ctx context.Context, i int, page string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+local(c.settings[i].MonitorPort)+"/"+page, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(answer)
}

// Log implements harness.Cluster.
func (c *Cluster) Log(i int) string { return tail(c.settings[i].Log) }

// Close implements harness.Cluster.
func (c *Cluster) Close() error {
	var errs []error
	for i := range c.nodes {
		errs = append(errs, c.nodes[i].kill())
	}
	for _, row := range c.routes {
		for _, r := range row {
			if r != nil {
				r.close()
			}
		}
	}
	return errors.Join(errs...)
}
