package mosquittocli

import (
	"time"

	"dunlin/mqtt"
)

// tool is one of the three commands.
type tool string

const (
	toolPub tool = "mosquitto_pub"
	toolSub tool = "mosquitto_sub"
	toolRR  tool = "mosquitto_rr"
)

// payloadKind says where the payload of a message comes from.
type payloadKind byte

const (
	payloadNone      payloadKind = iota // nothing was said
	payloadArgument                     // -m
	payloadNull                         // -n
	payloadFile                         // -f
	payloadStdinFile                    // -s
	payloadStdinLine                    // -l
)

// property is one -D, checked: the command and the name are known, and go together.
type property struct {
	command string   // connect, publish, subscribe, unsubscribe, disconnect or will
	name    string   // as "user-property"
	values  []string // one, or for a user property two: name and value
}

// options are what a command line, the options file and the defaults say, complete and checked.
type options struct {
	tool  tool
	empty map[string]bool // options whose last value is empty text, by their first name

	// Where the server is.
	host        string // with hasHost as it was given, else localhost
	hasHost     bool
	port        int    // as given, or 1883, or 8883 with TLS; -L may give one that is none
	unix        string // path of a socket instead of host and port
	bindAddress string
	proxy       *proxy
	webSocket   bool // --ws, or ws:// or wss:// in -L
	noDelay     bool

	// Who connects, and how.
	version      mqtt.Version
	id           string // empty: the server chooses, or of version 3.1 we do
	hasID        bool   // -i was given; an empty one is refused
	idPrefix     string // with it the identifier is this and the process's number; id holds that then
	username     string
	hasUsername  bool
	password     string
	hasPassword  bool
	keepAlive    int // seconds
	cleanSession bool
	maxInflight  int
	will         *mqtt.Will // its properties come from properties with the command "will"
	properties   []property // of -D, and the session expiry of -x and -c

	tls tlsOptions

	// What is said.
	debug   bool
	quiet   bool
	verbose bool

	// What is published: pub and rr.
	topics      []string // pub, rr: one; sub: filters
	payload     payloadKind
	message     string // payloadArgument
	file        string // payloadFile
	body        []byte // the payload, but not of payloadStdinLine
	qos         mqtt.QoS
	retain      bool
	repeat      int // at least 1
	repeatDelay time.Duration

	// What is received: sub and rr.
	responseTopic     string
	filterOut         []string
	unsubscribe       []string
	count             int // -C; 0: no end
	timeout           int // -W, in seconds; 0: no end
	format            string
	hasFormat         bool
	pretty            bool
	noEOL             bool // -N
	noRetained        bool // -R
	retainedOnly      bool
	removeRetained    bool
	exitAfterSub      bool // -E
	retainAsPublished bool
	retainHandling    mqtt.RetainHandling
	randomFilter      int // in hundredths of a percent: 10000 is all
	watch             bool
	latency           bool // undocumented
	messageRate       bool // undocumented
}

// tlsOptions are the options of TLS. used says whether the connection is one with TLS.
type tlsOptions struct {
	used        bool
	cafile      string
	hasCAFile   bool // with an empty name, too
	capath      string
	cert        string
	key         string
	keyform     string
	ciphers     string
	version     string
	alpn        string
	insecure    bool
	osCerts     bool
	engine      string
	engineSHA1  string
	psk         string
	pskIdentity string
	keylog      string
	none        bool // --no-tls
}

// proxy is where --proxy says that a SOCKS5 server is.
type proxy struct {
	host     string
	port     int // 0: none was given, it is 1080
	username string
	password string
}
