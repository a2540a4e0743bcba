package packet_test

import (
	"bufio"
	"encoding/hex"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"dunlin/jsre/module/mqttjs/packet"
)

// vectors are packets of servers, good and bad, and what a client must make of them.
const vectors = "../../../../mqtt/internal/wire/testdata/vectors.tsv"

// elsewhere names the bad packets that can be read, and what refuses them, or why nothing does.
var elsewhere = []struct {
	rows *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`^EARLY-`), "the client refuses what comes before CONNACK"},
	{regexp.MustCompile(`^RC-CONNACK-[45]-`), "the client takes a code that there is not for a refusal, as MQTT.js does"},
	{regexp.MustCompile(`^TRUNC-SUBACK-`), "the client compares the codes with the filters, and tells the script how many there are, as MQTT.js does"},
	{regexp.MustCompile(`^TRAIL-SUBACK-5`), "likewise"},
	{regexp.MustCompile(`^TRAIL-UNSUBACK-5`), "nothing: the codes of UNSUBACK change nothing, and scripts of MQTT.js see them all"},
	{regexp.MustCompile(`^PROP-PUBLISH-23`), "the client knows how many aliases it takes"},
	{regexp.MustCompile(`^(RC-AUTH-00|TYPE-AUTH-4)$`), "the client knows the version and the state of the authentication"},
	{regexp.MustCompile(`^CAF-4-01$`), "nothing: MQTT.js takes a session that was not asked for, and drops nothing for it"},
}

func refusedElsewhere(id string) bool {
	for _, e := range elsewhere {
		if e.rows.MatchString(id) {
			return true
		}
	}
	return false
}

// Every packet that a server must not send is refused, or known here with the reason; every other one is read.
func TestVectors(t *testing.T) {
	f, err := os.Open(vectors)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		id, expect := cells[0], cells[4]
		if strings.HasPrefix(id, "#") || strings.HasPrefix(id, "SIZE-") { // those give a size in the place of the bytes
			continue
		}
		err := readVector(t, cells[3], int(cells[1][0]-'0'))
		switch {
		case expect == "disconnected": // the connection ends by a DISCONNECT, or over one that cannot be read
			counts[expect]++
		case expect != "close" && err != nil:
			t.Errorf("%s [%s]: %v, want it read", id, cells[3], err)
		case expect != "close":
			counts["read"]++
		case err != nil:
			counts["refused"]++
		case refusedElsewhere(id):
			counts["elsewhere"]++
		default:
			t.Errorf("%s [%s]: read, want it refused: %s", id, cells[3], cells[len(cells)-1])
		}
	}
	if want := map[string]int{"read": 122, "disconnected": 133, "refused": 1956, "elsewhere": 256}; !maps.Equal(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
}

// readVector reads the one packet of a row.
func readVector(t *testing.T, text string, version int) error {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	h, n, err := packet.Frame(b)
	if err != nil {
		return err
	}
	if n == 0 || len(b) != n+h.Length {
		t.Fatalf("%s: not one packet", text)
	}
	_, err = packet.Parse(h, b[n:], version, "")
	return err
}
