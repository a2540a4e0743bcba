package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"dunlin/mqtt"
)

// A device downloads firmware by asking for a few chunks after another, so that it needs memory for those, says how fast
// it wants them, and can go on where it was when its connection is lost:
//
//	BASE/firmware/offer               service to device  {"version","size","chunk","sha256"}
//	BASE/firmware/get                 device to service  {"version","offset","chunks"}
//	BASE/firmware/chunk/OFFSET/CRC32  service to device  the bytes
//	BASE/firmware/status              device to service  {"version","sha256","installed"}
type offer struct {
	Version string `json:"version"`
	Size    int    `json:"size"`
	Chunk   int    `json:"chunk"`
	SHA256  string `json:"sha256"`
}

type chunkRequest struct {
	Version string `json:"version"`
	Offset  int    `json:"offset"`
	Chunks  int    `json:"chunks"` // how many from there on
}

// ahead is how many chunks a device asks for at once.
const ahead = 8

type firmwareStatus struct {
	Version   string `json:"version"`
	SHA256    string `json:"sha256"`
	Installed bool   `json:"installed"`
}

// download is what a device knows of a download. It keeps no byte of it: the checksum is taken as the chunks come.
type download struct {
	offer
	offset int
	asked  int // up to this offset
	sum    hash.Hash
	moved  time.Time // when the last chunk came
}

// stall is how long a device waits for a chunk before it asks again.
const stall = 5 * time.Second

// firmwareLocked handles what is of firmware, and reports whether m is.
func (d *device) firmwareLocked(below string, m *mqtt.Received) bool {
	switch {
	case below == "firmware/offer":
		d.offeredLocked(m.Payload)
	case strings.HasPrefix(below, "firmware/chunk/"):
		d.chunkLocked(strings.TrimPrefix(below, "firmware/chunk/"), m.Payload)
	default:
		return false
	}
	return true
}

func (d *device) offeredLocked(payload []byte) {
	var o offer
	if json.Unmarshal(payload, &o) != nil || o.Version == d.firmware || o.Size <= 0 || o.Size > mostFirmware || o.Chunk <= 0 {
		return
	}
	if d.download != nil && d.download.offer == o {
		return // it is under way
	}
	d.download = &download{offer: o, sum: sha256.New(), moved: time.Now()}
	d.run.counts.add(Downloads)
	d.askForChunksLocked()
	d.run.schedule.add(task{at: time.Now().Add(stall), actor: d, do: doLook})
}

// askForChunksLocked asks for the chunks that come next.
func (d *device) askForChunksLocked() {
	d.download.asked = d.download.offset + ahead*d.download.Chunk
	d.publishLocked(mqtt.Message{
		Topic: d.base + "/firmware/get", QoS: mqtt.AtLeastOnce,
		Payload: marshal(chunkRequest{Version: d.download.Version, Offset: d.download.offset, Chunks: ahead}),
	}, d.run.unsaid)
}

// lookAtDownload asks again where nothing has come for a while.
func (d *device) lookAtDownload() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.download == nil {
		return
	}
	now := time.Now()
	if now.Sub(d.download.moved) >= stall {
		d.download.moved = now
		if d.client != nil { // else it asks when it wakes
			d.askForChunksLocked()
		}
	}
	d.run.schedule.add(task{at: now.Add(stall), actor: d, do: doLook})
}

// chunkLocked takes a chunk, if it is the next one: others came before, or after one that was lost.
func (d *device) chunkLocked(place string, bytes []byte) {
	l := d.download
	if l == nil {
		return
	}
	at, sum, _ := strings.Cut(place, "/")
	if offset, err := strconv.Atoi(at); err != nil || offset != l.offset || len(bytes) == 0 {
		return
	}
	if len(bytes) > l.Size-l.offset || sum != crc(bytes) {
		d.run.counts.add(BadChunks)
		d.askForChunksLocked()
		return
	}
	l.sum.Write(bytes)
	l.offset += len(bytes)
	l.moved = time.Now()
	d.run.counts.add(Chunks)
	switch {
	case l.offset == l.Size:
		d.installLocked()
	case l.offset >= l.asked:
		d.askForChunksLocked()
	}
}

// installLocked compares the checksum of the whole, and has the device be of the new version where it is right.
func (d *device) installLocked() {
	l := d.download
	d.download = nil
	status := firmwareStatus{Version: l.Version, SHA256: hex.EncodeToString(l.sum.Sum(nil))}
	status.Installed = status.SHA256 == l.SHA256
	if status.Installed {
		d.firmware = l.Version
		d.run.counts.add(Installed)
	} else {
		d.run.counts.add(Spoilt)
	}
	d.publishLocked(mqtt.Message{Topic: d.base + "/firmware/status", Payload: marshal(status), QoS: mqtt.AtLeastOnce}, d.run.unsaid)
	if status.Installed {
		for _, m := range d.group.profile.birth(d) {
			d.publishLocked(m, d.run.unsaid)
		}
	}
}

// crc is the checksum of a chunk as its topic has it.
func crc(bytes []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(bytes)) }
