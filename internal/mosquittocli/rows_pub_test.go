package mosquittocli_test

import "syscall"

// pubRows are invocations of mosquitto_pub that reach a server.
var pubRows = []row{
	{name: "pub qos 0", line: "pub -p $port -t a/b -m hello"},
	{name: "pub qos 1", line: "pub -p $port -t a/b -m hello -q 1"},
	{name: "pub qos 2", line: "pub -p $port -t a/b -m hello -q 2"},
	{name: "pub long names", line: "pub --host localhost --port $port --topic a/b --message hello --qos 1 --id lamp --keepalive 30"},
	{name: "pub host address", line: "pub -h 127.0.0.1 -p $port -t a/b -m hello"},
	{name: "pub retain", line: "pub -p $port -t a/b -m hello -r"},
	{name: "pub retain long", line: "pub -p $port -t a/b -m hello --retain"},
	{name: "pub null", line: "pub -p $port -t a/b -n"},
	{name: "pub null retained", line: "pub -p $port -t a/b --null-message -r -q 1"},
	{name: "pub empty message", line: "pub -p $port -t a/b -m ''"},
	{name: "pub topic with spaces and umlauts", line: "pub -p $port -t 'ä / ü' -m 'ö ß'"},
	{name: "pub file", line: "pub -p $port -t a/b -f $dir/payload -q 1", files: map[string]string{"payload": "one\ntwo\n"}},
	{name: "pub file long", line: "pub -p $port -t a/b --file $dir/payload", files: map[string]string{"payload": "\x00\x01\xff"}},
	{name: "pub file empty", line: "pub -p $port -t a/b -f $dir/payload", files: map[string]string{"payload": ""}},
	{name: "pub file missing", line: "pub -p $port -t a/b -f $dir/missing"},
	{name: "pub file is a folder", line: "pub -p $port -t a/b -f $dir"},
	{name: "pub stdin file", line: "pub -p $port -t a/b -s", stdin: "one\ntwo\n"},
	{name: "pub stdin file long", line: "pub -p $port -t a/b --stdin-file -q 2", stdin: "no newline"},
	{name: "pub stdin file empty", line: "pub -p $port -t a/b -s"},
	{name: "pub stdin line", line: "pub -p $port -t a/b -l", stdin: "one\ntwo\nthree\n"},
	{name: "pub stdin line long", line: "pub -p $port -t a/b --stdin-line -q 1", stdin: "one\n\nthree\nwithout end"},
	{name: "pub stdin line qos 2", line: "pub -p $port -t a/b -l -q 2", stdin: "one\ntwo\n"},
	{name: "pub stdin line empty", line: "pub -p $port -t a/b -l"},
	{name: "pub stdin line with zeros", line: "pub -p $port -t a/b -l", stdin: "a\x00b\nc\r\nd\n"},
	{name: "pub repeat", line: "pub -p $port -t a/b -m again --repeat 3"},
	{name: "pub repeat qos 1", line: "pub -p $port -t a/b -m again --repeat 3 -q 1"},
	{name: "pub repeat delay", line: "pub -p $port -t a/b -m again --repeat 3 --repeat-delay 0.1 -q 1"},
	{name: "pub repeat debug", line: "pub -p $port -i lamp -t a/b -m again --repeat 2 -q 1 -d"},
	{name: "pub max inflight", line: "pub -p $port -t a/b -l -q 1 -M 1", stdin: "one\ntwo\nthree\n"},
	{name: "pub debug qos 0", line: "pub -p $port -i lamp -t a/b -m hello -d"},
	{name: "pub debug qos 1", line: "pub -p $port -i lamp -t a/b -m hello -q 1 --debug"},
	{name: "pub debug qos 2", line: "pub -p $port -i lamp -t a/b -m hello -q 2 -d"},
	{name: "pub debug version 5", line: "pub -p $port -i lamp -t a/b -m hello -q 1 -d -V 5"},
	{name: "pub debug without identifier", line: "pub -p $port -t a/b -m hello -d"},
	{name: "pub debug stdin line", line: "pub -p $port -i lamp -t a/b -l -q 1 -d", stdin: "one\n"}, // of two, which is acknowledged first is chance
	{name: "pub quiet", line: "pub -p $port -t a/b -m hello --quiet"},
	{name: "pub quiet refused", line: "pub -p $port -u alice -P wrong -t a/b -m hello --quiet", needs: needUsers},
	{name: "pub quiet no server", line: "pub -p $deadport -t a/b -m hello --quiet", noBroker: true},

	{name: "pub version 31", line: "pub -p $port -t a/b -m hello -V 31"},
	{name: "pub version mqttv31", line: "pub -p $port -t a/b -m hello -V mqttv31 -i lamp"},
	{name: "pub version mqttv311", line: "pub -p $port -t a/b -m hello -V mqttv311"},
	{name: "pub version mqttv5", line: "pub -p $port -t a/b -m hello --protocol-version mqttv5"},
	{name: "pub version 5 without subscribers", line: "pub -p $port -i lamp -t '$$nobody' -m hello -V 5 -q 1 -d"},
	{name: "pub id prefix", line: "pub -p $port -I prefix- -t a/b -m hello"},
	{name: "pub id prefix long", line: "pub -p $port --id-prefix prefix- -t a/b -m hello"},
	{name: "pub keep session", line: "pub -p $port -i lamp -c -t a/b -m hello -q 1"},
	{name: "pub keep session without identifier", line: "pub -p $port -c -t a/b -m hello -q 1"},
	{name: "pub session expiry", line: "pub -p $port -i lamp -V 5 -c -x 100 -t a/b -m hello -q 1"},
	{name: "pub session expiry never", line: "pub -p $port -i lamp -V 5 -x ∞ -t a/b -m hello -q 1"},
	{name: "pub no delay", line: "pub -p $port -t a/b -m hello --nodelay"},
	{name: "pub bind address", line: "pub -h 127.0.0.1 -A 127.0.0.1 -p $port -t a/b -m hello"},

	{name: "pub users", line: "pub -p $port -u alice -P secret -t a/b -m hello", needs: needUsers},
	{name: "pub users long", line: "pub -p $port --username alice --pw secret -t a/b -m hello", needs: needUsers},
	{name: "pub wrong password", line: "pub -p $port -u alice -P wrong -t a/b -m hello", needs: needUsers},
	{name: "pub wrong password version 5", line: "pub -p $port -V 5 -u alice -P wrong -t a/b -m hello", needs: needUsers},
	{name: "pub wrong password debug", line: "pub -p $port -i lamp -u alice -P wrong -t a/b -m hello -d", needs: needUsers},
	{name: "pub wrong password stdin line", line: "pub -p $port -u alice -P wrong -t a/b -l", stdin: "one\n", needs: needUsers},
	{name: "pub user without password", line: "pub -p $port -u alice -t a/b -m hello", needs: needUsers},
	{name: "pub url", line: "pub -L mqtt://alice:secret@localhost:$port/a/b -m hello", needs: needUsers},
	{name: "pub url long", line: "pub --url mqtt://localhost:$port/a/b -m hello"},

	{name: "pub will", line: "pub -p $port -i lamp --will-topic gone -t a/b -m hello"},
	{name: "pub will all", line: "pub -p $port -i lamp --will-topic gone --will-payload 'so sad' --will-qos 1 --will-retain -t a/b -m hello"},

	{name: "pub no server", line: "pub -p $deadport -t a/b -m hello", noBroker: true},
	{name: "pub no server debug", line: "pub -p $deadport -i lamp -t a/b -m hello -d", noBroker: true},
	{name: "pub no server stdin line", line: "pub -p $deadport -t a/b -l", stdin: "one\n", noBroker: true},
	{name: "pub unknown host", line: "pub -h nowhere.invalid -p $deadport -t a/b -m hello", noBroker: true},
	{name: "pub no socket", line: "pub --unix $dir/nothing -t a/b -m hello", noBroker: true},
	{name: "pub closed stdout debug", line: "pub -p $port -i lamp -t a/b -m hello -d", closed: true},

	{
		name: "pub interrupted", line: "pub -p $port -i lamp -t a/b -m again -q 1 --repeat 2 --repeat-delay 30",
		steps: []step{logged("Sending PUBACK to lamp"), signal(syscall.SIGINT)},
	},
	{
		name: "pub terminated", line: "pub -p $port -i lamp -t a/b -m again -q 1 --repeat 2 --repeat-delay 30",
		steps: []step{logged("Sending PUBACK to lamp"), signal(syscall.SIGTERM)},
	},

	{
		name: "pub alarm", line: "pub -p $port -i lamp -t a/b -m again -q 1 --repeat 2 --repeat-delay 30",
		steps: []step{logged("Sending PUBACK to lamp"), signal(syscall.SIGALRM)},
	},
	{
		name: "pub signal for the user", line: "pub -p $port -i lamp -t a/b -m again -q 1 --repeat 2 --repeat-delay 30",
		steps: []step{logged("Sending PUBACK to lamp"), signal(signalForUser)},
	},

	{name: "pub expiry in hexadecimal", line: "pub -p $port -V 5 -i lamp -x 0x10 -t a/b -m hello"},
	{name: "pub expiry in octal", line: "pub -p $port -V 5 -i lamp -x 010 -t a/b -m hello"},
	{name: "pub expiry not octal", line: "pub -p $deadport -V 5 -i lamp -x 08 -t a/b -m hello", noBroker: true},
	{name: "pub host zero", line: "pub -h 0 -p $port -t a/b -m hello"},
	{name: "pub host of two numbers", line: "pub -h 127.1 -p $port -t a/b -m hello"},
	{name: "pub host in hexadecimal", line: "pub -h 0x7f000001 -p $port -t a/b -m hello"},
	{name: "pub key log without tls", line: "pub -p $port -t a/b -m hello --tls-keylog $dir/keys"},
	{name: "pub empty cafile", line: "pub -p $port -t a/b -m hello --cafile ''"},
	{name: "pub empty cafile without tls", line: "pub -p $port -t a/b -m hello --no-tls --cafile ''"},
	{name: "pub missing cafile without tls", line: "pub -p $port -t a/b -m hello --no-tls --cafile $dir/missing"},
	{name: "pub options file with a byte 0", line: "pub -o $dir/options", files: map[string]string{"options": "-p $port\n-t a/b\n-m hel\x00lo\n"}},
	{name: "pub options file missing", line: "pub -o $dir/missing -p $port -t a/b -m hello"},
	{name: "pub delay in hexadecimal", line: "pub -p $port -t a/b -m hello --repeat 2 --repeat-delay 0x.1"},

	{
		name: "pub retain not available", line: "pub -p $port -i lamp -V 5 -t a/b -m hello -r -d",
		peer: []reply{{to: 1, send: "\x20\x05\x00\x00\x02\x25\x00"}},
	},

	{name: "pub connack 1", line: "pub -p $port -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x02\x00\x01", close: true}}},
	{name: "pub connack 2", line: "pub -p $port -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x02\x00\x02", close: true}}},
	{name: "pub connack 3", line: "pub -p $port -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x02\x00\x03", close: true}}},
	{name: "pub connack 4", line: "pub -p $port -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x02\x00\x04", close: true}}},
	{name: "pub connack 135", line: "pub -p $port -V 5 -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x03\x00\x87\x00", close: true}}},
	{name: "pub connack 138", line: "pub -p $port -V 5 -t a/b -m hello", peer: []reply{{to: 1, send: "\x20\x03\x00\x8a\x00", close: true}}},
	{name: "pub closed before connack", line: "pub -p $port -t a/b -m hello", peer: []reply{{to: 1, close: true}}},
	{
		name: "pub refused message", line: "pub -p $port -i lamp -V 5 -t a/b -m hello -q 1 -d",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 3, send: "\x40\x04\x00\x01\x87\x00"}},
	},
	{
		name: "pub refused message qos 2", line: "pub -p $port -i lamp -V 5 -t a/b -m hello -q 2 -d",
		peer: []reply{{to: 1, send: "\x20\x03\x00\x00\x00"}, {to: 3, send: "\x50\x04\x00\x01\x87\x00"}},
	},
}

// pubPropertyRows have all properties that mosquitto_pub takes.
var pubPropertyRows = []row{
	{name: "pub property payload format", line: "pub -p $port -V 5 -t a/b -m hello -D publish payload-format-indicator 1"},
	{name: "pub property expiry", line: "pub -p $port -V 5 -t a/b -m hello -D publish message-expiry-interval 1000"},
	{name: "pub property content type", line: "pub -p $port -V 5 -t a/b -m hello -D publish content-type text/plain"},
	{name: "pub property response topic", line: "pub -p $port -V 5 -t a/b -m hello --property publish response-topic answers"},
	{name: "pub property correlation", line: "pub -p $port -V 5 -t a/b -m hello -D publish correlation-data 'a b'"},
	{name: "pub property alias", line: "pub -p $port -V 5 -t a/b -m hello -D publish topic-alias 3"},
	{name: "pub property user", line: "pub -p $port -V 5 -t a/b -m hello -D publish user-property name value -D publish user-property name 'second value'"},
	{name: "pub property all", line: "pub -p $port -V 5 -t a/b -m hello -D publish content-type a -D publish response-topic b " +
		"-D publish correlation-data c -D publish user-property d e -D PUBLISH payload-format-indicator 1"},
	{name: "pub property order", line: "pub -p $port -V 5 -t a/b -m hello -D publish user-property a b -D publish content-type c " +
		"-D publish user-property d e -D publish correlation-data f -D publish payload-format-indicator 0 -D publish message-expiry-interval 9"},
	{name: "pub property empty", line: "pub -p $port -V 5 -t a/b -m hello -D publish correlation-data '' -D publish content-type ''"},
	{name: "pub property connect", line: "pub -p $port -i lamp -V 5 -t a/b -m hello -q 1 -D connect session-expiry-interval 5 " +
		"-D connect receive-maximum 7 -D connect maximum-packet-size 1000 -D connect topic-alias-maximum 3 " +
		"-D connect request-response-information 1 -D connect request-problem-information 0 -D connect user-property a b"},
	{name: "pub property will", line: "pub -p $port -i lamp -V 5 -t a/b -m hello --will-topic gone -D will payload-format-indicator 1 " +
		"-D will message-expiry-interval 5 -D will content-type a -D will response-topic b -D will correlation-data c " +
		"-D will user-property d e -D will will-delay-interval 3"},
	{name: "pub property disconnect", line: "pub -p $port -i lamp -V 5 -t a/b -m hello -D disconnect session-expiry-interval 3 " +
		"-D disconnect user-property d e -x 10"},
	{name: "pub property turns version 5 on", line: "pub -p $port -t a/b -m hello -D publish content-type a"},
	{name: "pub property with version 311", line: "pub -p $port -V 311 -t a/b -m hello -D publish content-type a"},
}

// pubWayRows reach the server by other ways.
var pubWayRows = []row{
	{name: "pub tls", line: "pub -p $tlsport --cafile $dir/ca.pem -t a/b -m hello", needs: needTLS},
	{name: "pub tls capath", line: "pub -p $tlsport --capath $dir/authorities -k 10 -t a/b -m hello", needs: needTLS},
	{name: "pub tls os certs", line: "pub -p $tlsport --tls-use-os-certs -t a/b -m hello", needs: needTLS},
	{name: "pub tls version", line: "pub -p $tlsport --cafile $dir/ca.pem --tls-version tlsv1.2 -t a/b -m hello", needs: needTLS},
	{name: "pub tls version 3", line: "pub -p $tlsport --cafile $dir/ca.pem --tls-version tlsv1.3 -t a/b -m hello", needs: needTLS},
	{name: "pub tls ciphers", line: "pub -p $tlsport --cafile $dir/ca.pem --ciphers ECDHE-ECDSA-AES128-GCM-SHA256 -t a/b -m hello", needs: needTLS},
	{name: "pub tls alpn", line: "pub -p $tlsport --cafile $dir/ca.pem --tls-alpn mqtt -t a/b -m hello", needs: needTLS},
	{name: "pub tls insecure", line: "pub -h 127.0.0.1 -p $tlsport --cafile $dir/ca.pem --insecure -t a/b -m hello", needs: needTLS},
	{name: "pub tls certificate", line: "pub -p $certport --cafile $dir/ca.pem --cert $dir/client.pem --key $dir/client.key -t a/b -m hello", needs: needCert},
	{name: "pub tls key form", line: "pub -p $certport --cafile $dir/ca.pem --cert $dir/client.pem --key $dir/client.key --keyform pem -t a/b -m hello", needs: needCert},
	{name: "pub tls no certificate", line: "pub -p $certport --cafile $dir/ca.pem --tls-version tlsv1.2 -t a/b -m hello", needs: needCert},
	{name: "pub tls unknown authority", line: "pub -p $tlsport --cafile $dir/client.pem -t a/b -m hello", needs: needTLS | needCert},
	{name: "pub tls against plain", line: "pub -p $port --cafile $dir/ca.pem -t a/b -m hello", needs: needTLS},
	{name: "pub plain against tls", line: "pub -p $tlsport -t a/b -m hello", needs: needTLS},
	{name: "pub tls missing cafile", line: "pub -p $tlsport --cafile $dir/missing -t a/b -m hello", needs: needTLS},
	{name: "pub tls missing certificate", line: "pub -p $certport --cafile $dir/ca.pem --cert $dir/missing --key $dir/client.key -t a/b -m hello", needs: needCert},
	{name: "pub tls url", line: "pub -L mqtts://localhost:$tlsport/a/b --cafile $dir/ca.pem -m hello", needs: needTLS},
	{name: "pub unix", line: "pub --unix $dir/sock -t a/b -m hello", needs: needUnix},
	{name: "pub websocket", line: "pub -p $wsport --ws -t a/b -m hello", needs: needWebSocket},
	{name: "pub websocket url", line: "pub -L ws://localhost:$wsport/a/b -m hello", needs: needWebSocket},
	{name: "pub no tls", line: "pub -p $port --no-tls -t a/b -m hello"},
	{name: "pub tls key log", line: "pub -p $tlsport --cafile $dir/ca.pem --tls-keylog $dir/keys -t a/b -m hello", needs: needTLS},
	{name: "pub proxy", line: "pub -h localhost -p $port --proxy socks5h://127.0.0.1:$proxyport -t a/b -m hello", needs: needProxy},
	{name: "pub proxy user", line: "pub -p $port --proxy socks5h://alice:secret@127.0.0.1:$proxyport -t a/b -m hello", needs: needProxy},
	{name: "pub proxy wrong password", line: "pub -p $port --proxy socks5h://alice:wrong@127.0.0.1:$proxyport -t a/b -m hello", needs: needProxy},
	{name: "pub proxy no server", line: "pub -h 127.0.0.1 -p $deadport --proxy socks5h://127.0.0.1:$proxyport -t a/b -m hello", needs: needProxy},
	{name: "pub options file of the user", line: "pub -t a/b -m hello", files: map[string]string{"mosquitto_pub": "-p $port\n-q 1\n"}, env: []string{"XDG_CONFIG_HOME=$dir"}},
	{name: "pub options file", line: "pub -o $dir/options -t a/b", files: map[string]string{"options": "# a comment\n-p $port\n-m hello\n"}},
}
