package capture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dunlin/internal/pcap"
)

// securePort is where servers of MQTT with TLS are.
const securePort = 8883

// Summary says what there was in a capture.
type Summary struct {
	pcap.Counts
	Messages int // that Each got
	OtherWay int // that went the way that is not wanted
	Repeated int // that were sent again, and count once
	Doubtful int // that have the DUP flag, and whose first sending is not in the capture
	NoTopic  int // whose topic alias was set where the capture does not show it
	Crowded  int // that were too large together to be kept
	Torn     int // of which bytes are missing
	Malform  int // that break the specification

	Missing int64 // bytes that were not captured
	Short   int64 // bytes that were not kept, for frames were cut off
	Broken  int   // directions of which the rest could not be read for that
	Unread  int64 // bytes that were there, and could not be read
	Strange int   // directions that were no MQTT any more

	Headless   int // connections that began before the capture
	TLS        int // connections with TLS
	SecurePort int // of those to the port of MQTT
	WebSockets int // connections by WebSocket whose frames cannot be read

	options       Options
	gaps          []string // where, the first ones
	gapCount      int
	firstMalform  string
	firstStranger string
}

// mostPlaces is how many gaps are told one by one.
const mostPlaces = 3

func (s *Summary) gap(place string, n int64, cut bool) {
	if cut {
		s.Short += n
		return
	}
	s.Missing += n
	s.gapCount++
	if len(s.gaps) < mostPlaces {
		s.gaps = append(s.gaps, fmt.Sprintf("%s %s", count(n, "byte"), place))
	}
}

func (s *Summary) unreadable(place string) {
	s.Strange++
	if s.firstStranger == "" {
		s.firstStranger = place
	}
}

func (s *Summary) malformed(fault, place string) {
	s.Malform++
	if s.firstMalform == "" {
		s.firstMalform = fmt.Sprintf("%s, %s", fault, place)
	}
}

func (s *Summary) encrypted(c *pcap.Conn) {
	s.TLS++
	if c.Sides[0].Port() == securePort || c.Sides[1].Port() == securePort {
		s.SecurePort++
	}
}

// Notes says, a line each, what a reader of the messages has to know: what is not among them, and why.
func (s *Summary) Notes() []string {
	var notes []string
	note := func(is bool, format string, args ...any) {
		if is {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	s.noteMessages(note)
	s.noteGaps(note)
	s.noteConnections(note)
	return notes
}

func (s *Summary) noteMessages(note func(bool, string, ...any)) {
	note(s.Repeated > 0, "%s sent again before the acknowledgement came, and written once", were(s.Repeated, "message"))
	note(s.Doubtful > 0, "%s marked as sent again (DUP), and the first time is not in the capture: they may be there twice", are(s.Doubtful, "message"))
	note(s.NoTopic > 0, "%s left out, for their topic aliases were set where the capture does not show it", are(s.NoTopic, "message"))
	note(s.Crowded > 0, "%s left out, for there was no memory for so many large ones at once", are(s.Crowded, "message"))
	note(s.Malform > 0, "%s left out that no server takes; the first one: %s", are(s.Malform, "message"), s.firstMalform)
}

func (s *Summary) noteGaps(note func(bool, string, ...any)) {
	places := strings.Join(s.gaps, "; ")
	if more := s.gapCount - len(s.gaps); more > 0 {
		places += fmt.Sprintf("; and %d more", more)
	}
	note(s.Missing > 0, "%s not captured: %s", were64(s.Missing, "byte"), places)
	note(s.Short > 0, "%s cut off, for the capture keeps only the beginning of each frame; capture with -s 0", were64(s.Short, "byte"))
	note(s.Torn > 0, "%s left out of which bytes are missing", are(s.Torn, "message"))
	hint := "; --resync reads on where packets seem to begin, except by WebSocket"
	if s.options.Resync {
		hint = " or to where packets seem to begin, which is not known by WebSocket"
	}
	note(s.Broken > 0, "behind what is missing a packet could begin anywhere: %s in %s could not be read up to the next connection%s",
		count(s.Unread, "byte"), count(int64(s.Broken), "place"), hint)
	note(s.Strange > 0, "%s no MQTT any more, and could not be read on; the first one: %s", are(s.Strange, "direction"), s.firstStranger)
	note(s.Fragments > 0, "%s split by IP, and are not put together again", were(s.Fragments, "packet"))
	note(s.Cut > 0, "%s too short to tell what they are; capture with -s 0", are(s.Cut, "frame"))
}

func (s *Summary) noteConnections(note func(bool, string, ...any)) {
	why := "so that their version of MQTT is not known, and are left out; name it with -V 5, 3.1.1 or 3.1"
	switch {
	case s.options.Client != "":
		why = "so that their clients are not known, and are left out"
	case s.options.Version != 0:
		why = fmt.Sprintf("and are read as MQTT %v from where packets seem to begin", s.options.Version)
	}
	note(s.Headless > 0, "%s without a CONNECT in the capture, %s", are(s.Headless, "connection"), why)
	unread := s.Headless > 0 && s.Broken == 0 && s.Strange == 0 && s.Unread > 0 // else they are told with those
	note(unread, "%s in those could not be read, for no packet seems to begin there", count(s.Unread, "byte"))
	note(s.TLS > 0, "%s encrypted with TLS, %d of them at port %d, and cannot be read", are(s.TLS, "connection"), s.SecurePort, securePort)
	note(s.WebSockets > 0, "%s left out whose WebSocket is compressed, or none of MQTT", are(s.WebSockets, "connection"))
	note(s.GivenUp > 0, "%s followed no further, for there were too many at once", were(s.GivenUp, "connection"))
	links := slices.Sorted(maps.Keys(s.Unknown))
	for _, link := range links[:min(len(links), mostPlaces)] {
		note(true, "%s left out that begin as LINKTYPE %d says; Ethernet, Linux cooked, loopback and bare IP can be read", are(s.Unknown[link], "frame"), link)
	}
	note(len(links) > mostPlaces, "frames of %d more such kinds are left out", len(links)-mostPlaces)
}

func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// were and are say how many there were, or are.
func were(n int, thing string) string { return were64(int64(n), thing) }

func were64(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing + " was"
	}
	return count(n, thing) + " were"
}

func are(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return count(int64(n), thing) + " are"
}
