package mosquittocli_test

import (
	"strings"
	"syscall"
	"time"

	"dunlin/mqtt"
)

// three are messages that come after the subscription.
var three = []step{subscribed, send(text("a/b", "one")), send(text("a/c", "two")), send(text("a/b", "three"))}

// one is a single message. A tool that ends while more of them come may lose its DISCONNECT: what it has
// not read resets the connection.
var one = []step{subscribed, send(text("a/b", "one"))}

// shelf are retained messages that are there before.
var shelf = []mqtt.Message{retained("a/b", "old one"), retained("a/c", "old two")}

// subRows are invocations of mosquitto_sub.
var subRows = []row{
	{name: "sub count", line: "sub -p $port -t a/b -C 2", steps: three},
	{name: "sub wildcard", line: "sub -p $port -t a/# -C 3", steps: three},
	{name: "sub verbose", line: "sub -p $port -t a/+ -C 3 -v", steps: three},
	{name: "sub verbose long", line: "sub -p $port -t a/+ -C 3 --verbose", steps: three},
	{name: "sub no newline", line: "sub -p $port -t a/+ -C 3 -N", steps: three},
	{name: "sub verbose no newline", line: "sub -p $port -t a/+ -C 3 -v -N", steps: three},
	{name: "sub overlapping topics", line: "sub -p $port -i lamp -V 5 -t a/# -t a/b -q 1 -W 1 -v", steps: one},
	{name: "sub several topics", line: "sub -p $port -t a/b -t a/c -C 3 -v", steps: three},
	{name: "sub qos 1", line: "sub -p $port -i lamp -t a/# -q 1 -C 3", steps: three},
	{
		name: "sub qos 2", line: "sub -p $port -i lamp -t a/# --qos 2 -C 2",
		steps: []step{subscribed, send(mqtt.Message{Topic: "a", Payload: []byte("x"), QoS: 2}), send(mqtt.Message{Topic: "a", Payload: []byte("y"), QoS: 2})},
	},
	{name: "sub long names", line: "sub --host localhost --port $port --topic a/# --id lamp --keepalive 30 -C 1", steps: one},
	{
		name: "sub empty and binary payloads", line: "sub -p $port -t a/b -C 3",
		steps: []step{subscribed, send(text("a/b", "")), send(text("a/b", "\x00\x01\xff\n")), send(text("a/b", "ü"))},
	},
	{name: "sub empty payloads verbose", line: "sub -p $port -t a/b -C 2 -v", steps: []step{subscribed, send(text("a/b", "")), send(text("a/b", "x"))}},
	{name: "sub timeout", line: "sub -p $port -i lamp -t a/b -W 1"},
	{name: "sub timeout after messages", line: "sub -p $port -i lamp -t a/# -W 1 -v", steps: three},
	{name: "sub timeout quiet", line: "sub -p $port -i lamp -t a/b -W 1 --quiet"},
	{name: "sub timeout debug", line: "sub -p $port -i lamp -t a/b -W 1 -d"},
	{name: "sub exit after subscribing", line: "sub -p $port -i lamp -t a/b -E"},
	{name: "sub exit after subscribing debug", line: "sub -p $port -i lamp -t a/b -t a/c -q 1 -E -d"},
	{name: "sub exit with retained", line: "sub -p $port -i lamp -t a/# -E", before: shelf},
	{name: "sub debug", line: "sub -p $port -i lamp -t a/b -q 1 -C 2 -d", steps: three},
	{name: "sub debug long", line: "sub -p $port -i lamp -t a/b -q 1 -C 2 -v --debug", steps: three},
	{name: "sub debug qos 2", line: "sub -p $port -i lamp -t a -q 2 -C 1 -d", steps: []step{subscribed, send(mqtt.Message{Topic: "a", Payload: []byte("x"), QoS: 2})}},
	{name: "sub debug version 5", line: "sub -p $port -i lamp -V 5 -t a/b -q 1 -C 2 -d", steps: three},
	{name: "sub debug without identifier", line: "sub -p $port -t a/b -q 1 -C 1 -d", steps: one},
	{name: "sub debug without identifier version 5", line: "sub -p $port -V mqttv5 -t a/b -q 1 -C 1 -d", steps: one},
	{name: "sub quiet", line: "sub -p $port -t a/b --quiet -C 1", steps: one},
	{name: "sub version 31", line: "sub -p $port -V 31 -t a/b -C 1 -d -i lamp", steps: one},
	{name: "sub version 31 without identifier", line: "sub -p $port -V mqttv31 -t a/b -C 1", steps: one},
	{name: "sub version 311", line: "sub -p $port --protocol-version mqttv311 -t a/b -C 1", steps: one},
	{name: "sub id prefix", line: "sub -p $port -I prefix- -t a/b -C 1", steps: one},
	{
		name: "sub unsubscribe", line: "sub -p $port -i lamp -t a/b -t a/c -U a/b -C 1 -v -d",
		steps: []step{logged("Sending UNSUBACK"), send(text("a/b", "one")), send(text("a/c", "two"))},
	},
	{name: "sub unsubscribe alone", line: "sub -p $port -i lamp -c -U a/b -U a/c -W 1 -d"},
	{name: "sub unsubscribe long", line: "sub -p $port -i lamp -t a/b --unsubscribe a/b -W 1"},
	{name: "sub filter out", line: "sub -p $port -t a/# -T a/c -C 2 -v", steps: three},
	{name: "sub filter out long", line: "sub -p $port -t a/# --filter-out a/b -C 1 -v", steps: three[:3]},
	{name: "sub retained", line: "sub -p $port -t a/# -C 2 -v", before: shelf},
	{name: "sub no retained", line: "sub -p $port -t a/# -C 3 -v -R", before: shelf, steps: three},
	{name: "sub retained only", line: "sub -p $port -i lamp -t a/# -v --retained-only", before: shelf, steps: []step{printed("two\n"), send(text("a/b", "new"))}},
	{name: "sub retained only count", line: "sub -p $port -t a/# --retained-only -C 2", before: shelf},
	{name: "sub remove retained", line: "sub -p $port -i lamp -t a/# -v --remove-retained -W 1", before: shelf},
	{name: "sub remove retained filtered", line: "sub -p $port -i lamp -t a/# -v --remove-retained -T a/b -W 1", before: shelf},
	{
		name: "sub retain as published", line: "sub -p $port -i lamp -V 5 -t a/# -F '%t %r %p' --retain-as-published -C 1",
		steps: []step{subscribed, send(retained("a/b", "kept"))},
	},
	{name: "sub retain handling never", line: "sub -p $port -i lamp -V 5 -t a/# -v --retain-handling never -C 1 -d", before: shelf, steps: one},
	{name: "sub retain handling new", line: "sub -p $port -i lamp -V 5 -c -t a/# -v --retain-handling new -C 2 -d", before: shelf},
	{name: "sub retain handling always", line: "sub -p $port -i lamp -V 5 -t a/# -v --retain-handling always -C 2 -d", before: shelf},
	{name: "sub random filter all", line: "sub -p $port -t a/# --random-filter 100 -E"},
	{name: "sub session", line: "sub -p $port -i lamp -c -t a/b -q 1 -C 1", steps: one, again: "sub -p $port -i lamp -c -t a/b -t b -q 1 -E -d"},
	{name: "sub session long", line: "sub -p $port -i lamp --disable-clean-session -t a/b -q 1 -E", again: "sub -p $port -i lamp -c -t a/b -q 1 -E -d"},
	{name: "sub session version 5", line: "sub -p $port -i lamp -V 5 -c -x 60 -t a/b -q 2 -E", again: "sub -p $port -i lamp -V 5 -c -t a/b -q 2 -E -d"},
	{name: "sub session forgotten", line: "sub -p $port -i lamp -V 5 -c -x 0 -t a/b -q 1 -E", again: "sub -p $port -i lamp -V 5 -c -t a/b -q 1 -E -d"},
	{name: "sub shared", line: "sub -p $port -i lamp -V 5 -t '$share/group/a/#' -C 3 -v", steps: three},
	{name: "sub no delay", line: "sub -p $port -t a/b -C 1 --nodelay", steps: one},
	{name: "sub bind address", line: "sub -h 127.0.0.1 -A 127.0.0.1 -p $port -t a/b -C 1", steps: one},
	{name: "sub will", line: "sub -p $port -i lamp -t a/b -C 1 --will-topic gone --will-payload bye --will-qos 2 --will-retain", steps: one},
	{name: "sub will of a killed one", line: "sub -p $port -i lamp -t a/b --will-topic gone --will-payload bye", steps: []step{subscribed, signal(syscall.SIGKILL)}},
	{
		name: "sub interrupted", line: "sub -p $port -i lamp -t a/b -q 1 --will-topic gone",
		steps: []step{subscribed, send(text("a/b", "one")), logged("Received PUBACK from lamp"), signal(syscall.SIGINT)},
	},
	{
		name: "sub terminated", line: "sub -p $port -i lamp -t a/b -q 1 --will-topic gone",
		steps: []step{subscribed, send(text("a/b", "one")), logged("Received PUBACK from lamp"), signal(syscall.SIGTERM)},
	},
	{
		name: "sub hung up", line: "sub -p $port -i lamp -t a/b -q 1 --will-topic gone",
		steps: []step{subscribed, send(text("a/b", "one")), logged("Received PUBACK from lamp"), signal(syscall.SIGHUP)},
	},
	{name: "sub long number", line: "sub -p $deadport -t a/b --random-filter 1" + strings.Repeat("+", 70_000), noBroker: true},
	{name: "sub long number in hexadecimal", line: "sub -p $deadport -t a/b --random-filter 0x" + strings.Repeat("f", 70_000), noBroker: true},
	{name: "sub message rate", line: "sub -p $port -i lamp -t a/b --message-rate -W 2"},
	{name: "sub alarm", line: "sub -p $port -i lamp -t a/b", steps: []step{subscribed, signal(syscall.SIGALRM)}},
	{name: "sub first signal for the user", line: "sub -p $port -i lamp -t a/b", steps: []step{subscribed, signal(signalForUser)}},
	{name: "sub second signal for the user", line: "sub -p $port -i lamp -t a/b", steps: []step{subscribed, signal(otherSignalForUser)}},
	{name: "sub terminated debug", line: "sub -p $port -i lamp -t a/b -q 1 -d", steps: []step{subscribed, send(text("a/b", "one")), logged("Received PUBACK from lamp"), signal(syscall.SIGTERM)}},
	{name: "sub closed stdout", line: "sub -p $port -i lamp -t a/b -C 1", closed: true, steps: one},
	{
		name: "sub reconnects", line: "sub -p $port -i lamp -t a/b -q 1 -C 2",
		steps: []step{subscribed, send(text("a/b", "before")), logged("Received PUBACK from lamp"), restart, logged("Sending SUBACK to lamp"), send(text("a/b", "after"))},
	},
	{
		name: "sub reconnects session", line: "sub -p $port -i lamp -c -t a/b -q 1 -C 1",
		steps: []step{subscribed, restart, logged("Sending SUBACK to lamp"), send(text("a/b", "after"))},
	},
	{name: "sub users", line: "sub -p $port -u alice -P secret -t a/b -C 1", needs: needUsers, steps: one},
	{name: "sub wrong password", line: "sub -p $port --username alice --pw wrong -t a/b -C 1", needs: needUsers},
	{name: "sub wrong password version 5", line: "sub -p $port -V 5 -u alice -P wrong -t a/b -C 1", needs: needUsers},
	{name: "sub wrong password debug", line: "sub -p $port -i lamp -u alice -P wrong -t a/b -d", needs: needUsers},
	{name: "sub wrong password quiet", line: "sub -p $port -u alice -P wrong -t a/b --quiet", needs: needUsers},
	{name: "sub url", line: "sub -L mqtt://alice:secret@localhost:$port/a/b -C 1", needs: needUsers, steps: one},
	{name: "sub url and topic", line: "sub --url mqtt://localhost:$port/a/b -t a/c -C 2 -v", steps: three[:3]},
	{name: "sub no server", line: "sub -p $deadport -t a/b -C 1", noBroker: true},
	{name: "sub no server debug", line: "sub -p $deadport -i lamp -t a/b -d", noBroker: true},
	{name: "sub unknown host", line: "sub -h nowhere.invalid -p $deadport -t a/b", noBroker: true},
	{
		name: "sub refused", line: "sub -p $port -i lamp -t a/b",
		peer: []reply{{to: 1, send: "\x20\x02\x00\x00"}, {to: 8, send: "\x90\x03ID\x80"}},
	},
	{
		name: "sub refused debug", line: "sub -p $port -i lamp -V 5 -t a/b -d",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 8, send: "\x90\x04ID\x00\x87"}},
	},
	{
		name: "sub refused all of two", line: "sub -p $port -i lamp -V 5 -t a/b -t a/c -q 1",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 8, send: "\x90\x05ID\x00\x87\x8f"}},
	},
	{
		name: "sub refused one of two", line: "sub -p $port -i lamp -V 5 -t a/b -t a/c -d -W 1",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 8, send: "\x90\x05ID\x00\x01\x87"}},
	},
	{
		name: "sub refused quiet", line: "sub -p $port -i lamp -t a/b --quiet",
		peer: []reply{{to: 1, send: "\x20\x02\x00\x00"}, {to: 8, send: "\x90\x03ID\x80"}},
	},
	{name: "sub connack 5", line: "sub -p $port -t a/b", peer: []reply{{to: 1, send: "\x20\x02\x00\x05", close: true}}},
	{name: "sub connack 137", line: "sub -p $port -V 5 -t a/b", peer: []reply{{to: 1, send: "\x20\x03\x00\x89\x00", close: true}}},
	{
		name: "sub server says goodbye", line: "sub -p $port -i lamp -V 5 -t a/b -d -W 1",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 8, send: "\x90\x04ID\x00\x00\xe0\x02\x8b\x00"}},
	},
	{name: "sub pings", line: "sub -p $port -i lamp -t a/b -k 5 -d -W 7"},

	{name: "sub property", line: "sub -p $port -i lamp -V 5 -t a/b -C 1 -D subscribe subscription-identifier 7 -D subscribe user-property a b " +
		"-D connect receive-maximum 3 -F '%t %S %p'", steps: one},
	{name: "sub property disconnect", line: "sub -p $port -i lamp -V 5 -t a/b -C 1 -U c --property unsubscribe user-property a b " +
		"-D disconnect session-expiry-interval 0 -x 10", steps: one},
	{name: "sub property will", line: "sub -p $port -i lamp -V 5 -t a/b -C 1 --will-topic gone -D will will-delay-interval 3", steps: one},

	{name: "sub tls", line: "sub -p $tlsport --cafile $dir/ca.pem -t a/b -C 1", needs: needTLS, steps: one},
	{name: "sub tls capath", line: "sub -p $tlsport --capath $dir/authorities -t a/b -C 1", needs: needTLS, steps: one},
	{name: "sub tls os certs", line: "sub -p $tlsport --tls-use-os-certs -t a/b -C 1 --tls-version tlsv1.2", needs: needTLS},
	{name: "sub tls details", line: "sub -p $certport --cafile $dir/ca.pem --cert $dir/client.pem --key $dir/client.key " +
		"--ciphers ECDHE-ECDSA-AES128-GCM-SHA256 --tls-version tlsv1.2 --tls-alpn mqtt --insecure -t a/b -C 1", needs: needCert, steps: one},
	{name: "sub tls key form", line: "sub -p $certport --cafile $dir/ca.pem --cert $dir/client.pem --key $dir/client.key --keyform pem -t a/b -E", needs: needCert},
	{name: "sub unix", line: "sub --unix $dir/sock -t a/b -C 1", needs: needUnix, steps: one},
	{name: "sub proxy", line: "sub -h localhost -p $port --proxy socks5h://127.0.0.1:$proxyport -t a/b -C 1", needs: needProxy, steps: one},
	{name: "sub websocket", line: "sub -p $wsport --ws -t a/b -C 1", needs: needWebSocket, steps: one},
	{name: "sub watch", line: "sub -p $port -t a/# -w -C 3 -v", steps: three},
	{name: "sub watch long", line: "sub -p $port -t a/# --watch -C 3 -F '%t=%p'", steps: three},
	{name: "sub options file", line: "sub -o $dir/options -C 1", files: map[string]string{"options": "-p $port\n-t a/b\n"}, steps: one},
}

// minute is a message expiry that does not end here.
var minute = 60 * time.Second

// rich has all that a message can have.
var rich = mqtt.Message{Topic: "a/b", Payload: []byte("{\"n\":1}"), QoS: 1, Properties: &mqtt.Properties{
	PayloadIsText: true, MessageExpiry: &minute, ContentType: "application/json", ResponseTopic: "answers",
	CorrelationData: []byte("c\x01d"), UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}, {Name: "k2", Value: "v 2"}},
}}

// mixed has properties in another order than that of their fields, and an indicator that says nothing.
var mixed = mqtt.Message{Topic: "a/b", Payload: []byte("m"), QoS: 1, Properties: &mqtt.Properties{
	ContentType: "text/plain", MessageExpiry: &minute, UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}, {Name: "a", Value: "b"}, {Name: "k", Value: "w"}},
	Order: []byte{0x26, 0x03, 0x26, 0x01, 0x26},
}}

// formats returns a row of mosquitto_sub -F with two messages, one with all properties.
func formats(name, format, more string) row {
	return row{
		name: "sub format " + name, line: "sub -p $port -i lamp -V 5 -t a/# -q 1 -C 2 -F '" + format + "'" + more,
		steps: []step{subscribed, send(rich), send(text("a/c", "ü\x00\xff"))},
	}
}

// zoned returns a row in which a message's time is printed in a time zone.
func zoned(name, tz string) row {
	return row{
		name: "sub time zone " + name, line: "sub -p $port -t a/# -C 2 -F '@Z @z'", before: shelf, env: []string{"TZ=" + tz},
	}
}

// subFormatRows have all of mosquitto_sub's output language.
var subFormatRows = []row{
	formats("plain", "%t %p", ""),
	formats("all letters", "%A|%C|%D|%E|%F|%P|%R|%S", ""),
	formats("small letters", "%l|%m|%p|%q|%r|%t|%x|%X", ""),
	formats("times", "%I %U", ""),
	formats("clock", "@Y-@m@@ %t", ""),
	formats("json", "%j", ""),
	{
		name: "sub format order", line: "sub -p $port -i lamp -V 5 -t a/# -q 1 -C 2 -F '%F|%P|%C|%j'",
		steps: []step{subscribed, send(mixed), send(mqtt.Message{Topic: "a", Properties: &mqtt.Properties{Order: []byte{0x01}}})},
	},
	{
		name: "sub format identifier", line: "sub -p $port -i lamp -V 5 -t a/# -C 1 -F '%S|%j' -D subscribe subscription-identifier 7",
		steps: []step{subscribed, send(mixed)},
	},
	formats("json payload", "%j", " -R --pretty"),
	zoned("of a rule", "XYZ-3:30"),
	zoned("of a rule with summer time", ":CET-1CEST,M3.5.0,M10.5.0/3"),
	zoned("of a rule with signs", "<+0545>-5:45"),
	zoned("of a rule with summer time in the south", "NZST-12NZDT,M9.5.0,M4.1.0/3"),
	zoned("of nothing", ""),
	formats("widths", "[%10t][%-10t][%010l][%.2p][%3x][%5.1X]", ""),
	formats("escapes", "a\\tb\\nc\\\\d\\a\\0\\e%%", ""),
	formats("no newline", "%t", " -N"),
	{
		name: "sub format number", line: "sub -p $port -t a/# -C 2 -F '%d %f'",
		steps: []step{subscribed, send(text("a/b", "\x00\x00\x80\x3f")), send(text("a/b", "\x00\x00\x00\x00\x00\x00\xf0\x3f"))},
	},
	{name: "sub format json of json", line: "sub -p $port -t a/# -C 1 -F %J", steps: []step{subscribed, send(text("a/b", `{"b":[1,2.5,null],"a":"x"}`))}},
	{name: "sub format json of json pretty", line: "sub -p $port -t a/# -C 1 -F %J --pretty", steps: []step{subscribed, send(text("a/b", `{"b":[1,2.5,null],"a":{}}`))}},
	{name: "sub format json of text", line: "sub -p $port -t a/# -C 1 -F %J -W 1", steps: []step{subscribed, send(text("a/b", "no json"))}},
}
