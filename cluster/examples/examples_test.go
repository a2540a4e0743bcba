// Package examples holds what readers deploy, in ../../examples/clusters, to what the tests run.
package examples

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"go.yaml.in/yaml/v3"

	"dunlin/cluster/rabbitmq"
)

// folder has a folder a server, each with compose.yaml and kubernetes.yaml.
const folder = "../../examples/clusters"

var servers = []string{"rabbitmq", "nats", "emqx", "hivemq", "vernemq"}

func read(t *testing.T, name ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are those of a file of YAML.
func documents(t *testing.T, name ...string) []map[string]any {
	t.Helper()
	var all []map[string]any
	d := yaml.NewDecoder(strings.NewReader(read(t, name...)))
	for {
		var one map[string]any
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", filepath.Join(name...), err)
		}
		all = append(all, one)
	}
}

// at walks into maps and lists: at(v, "spec", "containers", 0).
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func TestComposeFilesHaveThreeNodesThatKeepTheirData(t *testing.T) {
	for _, server := range servers {
		file := documents(t, folder, server, "compose.yaml")[0]
		services, _ := file["services"].(map[string]any)
		volumes, _ := file["volumes"].(map[string]any)
		if len(services) != 3 || len(volumes) != 3 {
			t.Errorf("%s: %d services and %d volumes, want 3 of each", server, len(services), len(volumes))
		}
		ports := map[any]bool{}
		for name, service := range services {
			if image, _ := at(service, "image").(string); !regexp.MustCompile(`^[a-z0-9/]+:[a-z-]*[0-9]+\.[0-9.]+[a-z-]*$`).MatchString(image) {
				t.Errorf("%s: %s has image %q, want one with a version and its minor, for settings differ", server, name, image)
			}
			ports[at(service, "ports", 0)] = true
			checkVolumes(t, server, at(service, "volumes"), volumes)
		}
		if len(ports) != 3 {
			t.Errorf("%s: ports %v, want one for each node", server, ports)
		}
	}
}

// checkVolumes finds the files that a service mounts, and its volume.
func checkVolumes(t *testing.T, server string, mounts any, volumes map[string]any) {
	t.Helper()
	list, _ := mounts.([]any)
	kept := 0
	for _, mount := range list {
		from, _, _ := strings.Cut(fmt.Sprint(mount), ":")
		if _, found := volumes[from]; found {
			kept++
		} else if _, err := os.Stat(filepath.Join(folder, server, from)); err != nil {
			t.Errorf("%s: mounts %s: %v", server, from, err)
		}
	}
	if kept != 1 {
		t.Errorf("%s: a node has %d volumes, want 1", server, kept)
	}
}

func TestManifestsFitTogether(t *testing.T) {
	for _, server := range servers {
		kinds := map[string]map[string]any{}
		for _, doc := range documents(t, folder, server, "kubernetes.yaml") {
			kind, _ := doc["kind"].(string)
			if doc["apiVersion"] == nil || at(doc, "metadata", "name") == nil {
				t.Errorf("%s: a %s without apiVersion or name", server, kind)
			}
			if kind != "Namespace" && at(doc, "metadata", "namespace") != "mqtt" {
				t.Errorf("%s: a %s outside the namespace mqtt", server, kind)
			}
			if kind == "Service" && at(doc, "spec", "clusterIP") == "None" {
				kind = "headless"
			}
			kinds[kind] = doc
		}
		set, headless := kinds["StatefulSet"], kinds["headless"]
		if at(set, "spec", "replicas") != 3 {
			t.Errorf("%s: replicas %v, want 3", server, at(set, "spec", "replicas"))
		}
		if name := at(headless, "metadata", "name"); name == nil || at(set, "spec", "serviceName") != name {
			t.Errorf("%s: serviceName %v, and the headless service is %v", server, at(set, "spec", "serviceName"), name)
		}
		label := at(set, "spec", "template", "metadata", "labels", "app")
		for _, selector := range []any{
			at(set, "spec", "selector", "matchLabels", "app"), at(headless, "spec", "selector", "app"),
			at(kinds["Service"], "spec", "selector", "app"), at(kinds["PodDisruptionBudget"], "spec", "selector", "matchLabels", "app"),
		} {
			if label == nil || selector != label {
				t.Errorf("%s: a selector of %v, and the pods are labelled %v", server, selector, label)
			}
		}
		checkMounts(t, server, set, kinds["ConfigMap"])
	}
}

// checkMounts finds what the pods mount, in the claims and in the config map.
func checkMounts(t *testing.T, server string, set, config map[string]any) {
	t.Helper()
	pod := at(set, "spec", "template", "spec")
	mounts, _ := at(pod, "containers", 0, "volumeMounts").([]any)
	if len(mounts) == 0 || at(set, "spec", "volumeClaimTemplates", 0, "metadata", "name") != at(mounts[0], "name") {
		t.Errorf("%s: the pods have no volume for their data", server)
	}
	for _, mount := range mounts {
		key, _ := at(mount, "subPath").(string)
		if key != "" && at(config, "data", key) == nil {
			t.Errorf("%s: mounts %s, which the config map does not have", server, key)
		}
	}
	if name := at(pod, "volumes", 0, "configMap", "name"); name != nil && name != at(config, "metadata", "name") {
		t.Errorf("%s: mounts the config map %v, and there is %v", server, name, at(config, "metadata", "name"))
	}
}

func TestRabbitMQIsDeployedAsItIsTested(t *testing.T) {
	for _, name := range []string{"rabbitmq.conf", "kubernetes.yaml"} {
		conf := read(t, folder, "rabbitmq", name)
		for _, line := range rabbitmq.Safe.Conf {
			if !regexp.MustCompile(`(?m)^ *` + regexp.QuoteMeta(line) + `$`).MatchString(conf) {
				t.Errorf("%s does not have %q", name, line)
			}
		}
	}
	for _, name := range []string{"compose.yaml", "kubernetes.yaml"} {
		if !strings.Contains(read(t, folder, "rabbitmq", name), rabbitmq.Safe.Erlang) {
			t.Errorf("%s does not give Erlang %q", name, rabbitmq.Safe.Erlang)
		}
	}
}

// settings are the lines "key: value" of a block of a configuration of NATS, of the text after its name.
func settings(t *testing.T, text, block string) []string {
	t.Helper()
	found := regexp.MustCompile(`(?ms)^ *` + block + ` \{$(.*?)^ *\}$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no block %s", block)
	}
	var all []string
	for line := range strings.Lines(found[1]) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func TestNATSIsDeployedAsItIsTested(t *testing.T) {
	tested := read(t, "../nats/node.conf")
	local := regexp.MustCompile(`^(listen|store_dir|routes|no_advertise|advertise):`) // of the machine of the test
	for _, name := range []string{"nats.conf", "kubernetes.yaml"} {
		deployed := read(t, folder, "nats", name)
		for _, block := range []string{"jetstream", "cluster", "mqtt"} {
			has := "\n" + strings.Join(settings(t, deployed, block), "\n") + "\n"
			for _, line := range settings(t, tested, block) {
				if !local.MatchString(line) && !strings.Contains(has, "\n"+line+"\n") {
					t.Errorf("%s: block %s does not have %q", name, block, line)
				}
			}
		}
	}
}

func TestNATSReadsWhatIsDeployed(t *testing.T) {
	const password = "12345" // which NATS would take for a number
	t.Setenv("SERVER_NAME", "nats-0")
	for _, doc := range documents(t, folder, "nats", "kubernetes.yaml") {
		if doc["kind"] != "ConfigMap" {
			continue
		}
		text, _ := at(doc, "data", "nats.conf").(string)
		name := filepath.Join(t.TempDir(), "nats.conf")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, variable := range map[string]string{name: passwordOfPods(t, password), filepath.Join(folder, "nats", "nats.conf"): passwordOfServices(t, password)} {
			t.Setenv("PASSWORD", variable)
			options, err := server.ProcessConfigFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if options.MQTT.StreamReplicas != 3 || len(options.Routes) != 3 || !options.SyncAlways || options.ServerName != "nats-0" || options.Password != password {
				t.Errorf("%s: %d replicas, routes %v, sync always %v, name %q, password %q",
					name, options.MQTT.StreamReplicas, options.Routes, options.SyncAlways, options.ServerName, options.Password)
			}
			if most := options.JetStreamLimits.DefaultMaxConsumers; most != -1 {
				t.Errorf("%s: at most %d subscriptions at QoS 1 of all clients together", name, most)
			}
		}
	}
}

// passwordOfServices is what the services of compose.yaml have in PASSWORD.
func passwordOfServices(t *testing.T, password string) string {
	t.Helper()
	value, _ := at(documents(t, folder, "nats", "compose.yaml")[0], "services", "nats-0", "environment", "PASSWORD").(string)
	return regexp.MustCompile(`\$\{PASSWORD:[^}]*\}`).ReplaceAllString(value, password)
}

// passwordOfPods is what the pods of kubernetes.yaml have in it, by the way of another variable.
func passwordOfPods(t *testing.T, password string) string {
	t.Helper()
	for _, doc := range documents(t, folder, "nats", "kubernetes.yaml") {
		variables, _ := at(doc, "spec", "template", "spec", "containers", 0, "env").([]any)
		for _, v := range variables {
			if value, _ := at(v, "value").(string); at(v, "name") == "PASSWORD" {
				return strings.ReplaceAll(value, "$(SECRET)", password)
			}
		}
	}
	return password
}

// TestWhatIsDeployedKeepsItsData: what the makers' documentation, images and sources say that nodes lose their data, or do not find each
// other, by. docs/CLUSTERS.md says where each stands.
func TestWhatIsDeployedKeepsItsData(t *testing.T) {
	for _, rule := range []struct{ server, has, hasNot string }{
		{server: "rabbitmq", has: `'{"delivery-limit": -1}'`}, // 20 in RabbitMQ 4
		{server: "rabbitmq", hasNot: "OrderedReady"},          // of nodes that were all down the first waits for the others
		{server: "rabbitmq", hasNot: "service_healthy"},
		{server: "hivemq", hasNot: "<!--TRANSPORT_TYPE-->"}, // the image cannot write into a file that is mounted
		{server: "hivemq", has: "NONE"},
		{server: "vernemq", hasNot: `DOCKER_VERNEMQ_SWARM: "`},      // deletes what a node that is stopped has stored
		{server: "vernemq", has: "OUTGOING_CLUSTERING_BUFFER_SIZE"}, // 10,000 bytes for the clients of a node that cannot be reached
		{server: "emqx", has: "EMQX_DURABLE_STORAGE__N_SITES"},      // of 6, where the name in 5 means nothing
	} {
		for _, name := range []string{"compose.yaml", "kubernetes.yaml"} {
			text := read(t, folder, rule.server, name)
			if !strings.Contains(text, rule.has) || rule.hasNot != "" && strings.Contains(text, rule.hasNot) {
				t.Errorf("%s of %s: want it with %q and without %q", name, rule.server, rule.has, rule.hasNot)
			}
		}
	}
	services, _ := documents(t, folder, "vernemq", "compose.yaml")[0]["services"].(map[string]any)
	for name, service := range services { // by default a node is named by an address, which another may have the next time
		full := name + ".vernemq"
		if at(service, "environment", "DOCKER_VERNEMQ_NODENAME") != full || at(service, "networks", "default", "aliases", 0) != full {
			t.Errorf("vernemq: the node of %s is not named %s, or not found by that name", name, full)
		}
	}
}

func TestSettingsAreTheSameInBothWaysToDeploy(t *testing.T) {
	for _, server := range []string{"emqx", "vernemq"} {
		compose := documents(t, folder, server, "compose.yaml")[0]
		environment, _ := compose["x-environment"].(map[string]any)
		manifests := read(t, folder, server, "kubernetes.yaml")
		for key, value := range environment {
			if strings.HasPrefix(fmt.Sprint(value), "$") || strings.Contains(key, "SEEDS") {
				continue // secrets and names of nodes
			}
			if want := fmt.Sprintf("{name: %s, value: %v}", key, value); !strings.Contains(strings.ReplaceAll(manifests, `"`, ""), want) {
				t.Errorf("%s: kubernetes.yaml does not have %s", server, want)
			}
		}
	}
	config := documents(t, folder, "hivemq", "kubernetes.yaml")
	for _, doc := range config {
		if doc["kind"] == "ConfigMap" && at(doc, "data", "config.xml") != read(t, folder, "hivemq", "config.xml") {
			t.Error("hivemq: config.xml is another in kubernetes.yaml")
		}
	}
}

func TestEverySettingThatLosesIsInTheDocument(t *testing.T) {
	document := read(t, "../../docs/CLUSTERS.md")
	for _, server := range servers {
		if !bytes.Contains([]byte(document), []byte("examples/clusters/"+server)) {
			t.Errorf("docs/CLUSTERS.md does not name examples/clusters/%s", server)
		}
	}
	for _, line := range append(append([]string{}, rabbitmq.Safe.Conf...), rabbitmq.Safe.Erlang) {
		if !strings.Contains(document, "`"+line+"`") {
			t.Errorf("docs/CLUSTERS.md does not say what %q is for", line)
		}
	}
}
