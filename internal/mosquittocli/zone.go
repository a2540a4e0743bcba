package mosquittocli

import (
	"encoding/binary"
	"path/filepath"
	"strings"
	"time"
)

// zone returns the time zone in which times are printed. Go reads TZ as the name of a zone's file alone, and takes a rule such as
// CET-1CEST,M3.5.0,M10.5.0/3, which is what OpenWrt and small containers have, for UTC.
func zone(tz string) *time.Location {
	tz = strings.TrimPrefix(tz, ":")
	if tz == "" || filepath.IsAbs(tz) {
		return time.Local
	}
	if _, err := time.LoadLocation(tz); err == nil {
		return time.Local
	}
	location, err := time.LoadLocationFromTZData("", zoneFile(tz))
	if err != nil {
		return time.Local
	}
	return location
}

// zoneFile returns the content of a zone's file (RFC 9636) that has no changes of time but those of the rule at its end. What is
// no rule leaves UTC, the one type of time in it.
func zoneFile(rule string) []byte {
	const utc = "UTC\x00"
	part := append([]byte("TZif2"), make([]byte, 15)...)
	for _, count := range []uint32{0, 0, 0, 0, 1, uint32(len(utc))} { // one type of time, and its name
		part = binary.BigEndian.AppendUint32(part, count)
	}
	part = append(part, 0, 0, 0, 0, 0, 0) // seconds east of UTC, no summer time, where the name begins
	part = append(part, utc...)
	return append(append(part, part...), "\n"+rule+"\n"...) // for readers of 32 bits, and for those of 64
}
