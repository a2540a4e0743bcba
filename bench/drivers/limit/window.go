package main

import (
	"dunlin/bench/drive"
	"dunlin/bench/frame"
	"dunlin/mqtt/mqtttest/packet"
)

func pub1(r *drive.Run) error { return window(r, 1) }
func pub2(r *drive.Run) error { return window(r, 2) }

// ids is how many identifiers are prepared: more than are in flight.
const ids = 2 * drive.Window

// window keeps messages in flight: whatever a read has acknowledged is sent anew
// with one write.
func window(r *drive.Run, qos byte) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	w := &sender{line: l, packets: frame.Series(ids, packet.V311, message(r, qos)), window: r.InFlight(drive.Window)}
	w.size = len(w.packets) / ids
	return r.Messages(w.send)
}

// sender sends prepared messages by the ring.
type sender struct {
	*line
	packets []byte
	window  int
	size    int // of a packet
	next    int // the place of the next one
	out     []byte
}

func (w *sender) send(n int) error {
	credit := w.window
	for left := n; n > 0; {
		credit, left = w.append(min(credit, left), credit, left)
		if len(w.out) > 0 {
			if _, err := w.Write(w.out); err != nil {
				return err
			}
			w.out = w.out[:0]
		}
		if err := w.read(); err != nil {
			return err
		}
		for b := w.buffered(); b != nil; b = w.buffered() {
			if packet.Type(b[0]>>4) == packet.PUBREC {
				w.out = frame.AppendAck(w.out, packet.PUBREL, frame.ID(b[2:]))
				continue
			}
			n--
			credit++
		}
	}
	return nil
}

// append adds k messages to what goes out next.
func (w *sender) append(k, credit, left int) (int, int) {
	credit, left = credit-k, left-k
	for k > 0 {
		some := min(k, ids-w.next)
		w.out = append(w.out, w.packets[w.next*w.size:(w.next+some)*w.size]...)
		w.next = (w.next + some) % ids
		k -= some
	}
	return credit, left
}
