// Package unserved are the modules of JSRE that are not there: requiring one says so, and why.
package unserved

import "slices"

// reasons are why modules are not there, each with the modules of which it is true.
var reasons = []struct {
	why     string
	modules []string
}{
	{
		"sockets are not served yet; the module mqtt connects by itself",
		[]string{
			"tcp", "udp", "net", "dgram", "dtls", "http", "http_proxy", "http_util", "websocket", "web_proxy", "webget", "ftpd", "ping",
			"inetaddr", "netif", "mobile", "coap", "sddc", "vsoa", "redis", "mysql", "rqlite",
		},
	},
	{
		"tasks that run in parallel are not served yet; start another dunlin run for each",
		[]string{"sigslot", "mutex", "rms", "lpc", "semaphore", "shared", "message", "monitor", "pipe", "rpc", "sharedpipe"},
	},
	{
		"a script reaches no devices of its machine",
		[]string{
			"buzzer", "canbus", "cpufan", "display", "gpio", "hotplug", "thermal", "device", "lora", "printer", "async/device", "async/printer",
		},
	},
	{
		"it belongs to EdgerOS alone",
		[]string{
			"account", "advnwc", "cloudhost", "eoslog", "kidvpn", "master", "notify", "permission", "bardecoder", "barencoder",
			"imagecodec", "thumbnail", "mediacenter", "mediadecoder", "mediaplayer", "videooverlay", "webmedia", "facenn", "handnn", "licplatenn",
			"thingnn", "arp", "bridge", "flowctl", "ifevent", "natctl", "npfctl", "ppp", "qos", "rttable", "rtutil", "vlan", "fdisk", "core",
			"async/account", "async/advnwc", "async/kidvpn", "async/master", "async/mediacenter", "async/permission",
		},
	},
	{
		"there is no web server for scripts",
		[]string{"webapp", "router", "middleware", "socketio", "websynctable", "html"},
	},
	{
		"it is not served yet; a pure JavaScript package may do it",
		[]string{"bytecode", "chksum", "rbtree", "yallist", "ini", "yaml", "zip", "zlib", "leveldb", "lightkv", "ndbm", "safendbm", "sqlite3", "synctable"},
	},
}

// ofNode are why modules of Node.js are not there.
var ofNode = []struct {
	why     string
	modules []string
}{
	{"there are no streams for scripts; the package readable-stream, which is pure JavaScript, may do", []string{"stream", "stream/promises", "stream/web"}},
	{"sockets are not served yet; the module mqtt connects by itself", []string{"https", "http2", "quic"}},
	{"a script runs in one process and one thread; start another dunlin run for each", []string{"child_process", "cluster", "worker_threads"}},
	{"goja tells nothing of the promises that lead to a function", []string{"async_hooks", "diagnostics_channel", "trace_events"}},
	{"it belongs to the engine V8 alone", []string{"v8", "vm", "inspector", "wasi", "repl", "domain"}},
	{"a pure JavaScript package of the same name does it", []string{"punycode"}},
}

// Names are the modules that are not there.
func Names() []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.modules...)
	}
	for _, r := range ofNode {
		out = append(out, r.modules...)
	}
	slices.Sort(out)
	return out
}

// Why tells why a module of JSRE is not there, empty for other names.
func Why(name string) string {
	for _, r := range reasons {
		if slices.Contains(r.modules, name) {
			return "this module of JSRE is not served: " + r.why
		}
	}
	for _, r := range ofNode {
		if slices.Contains(r.modules, name) {
			return "this module of Node.js is not served: " + r.why
		}
	}
	return ""
}
