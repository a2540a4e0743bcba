package wire

// ParsePublishHead parses the part of a PUBLISH in front of the payload, from the
// beginning b of a body that has not come whole. n is the size of that part, 0 when b is
// too short to tell. The result has no payload and borrows b.
func ParsePublishHead(h Header, b []byte, v Version) (p Publish, n int, err error) {
	n, err = publishHeadSize(h, b, v)
	if err != nil || n == 0 || n > len(b) {
		return Publish{}, 0, err
	}
	head := Header{Type: PUBLISH, Flags: h.Flags, Length: n}
	p, err = ParsePublish(head, b[:n], v)
	if err != nil {
		return Publish{}, 0, err
	}
	p.Payload = nil
	return p, n, nil
}

// publishHeadSize adds up topic, packet identifier and properties. It returns 0 when
// their lengths have not come yet.
func publishHeadSize(h Header, b []byte, v Version) (int, error) {
	n := publishNameSize(h, b)
	if n == 0 {
		return 0, nil
	}
	if v == V5 {
		if len(b) <= n {
			return 0, tooLong(h, n)
		}
		length, size, fault := parseVarint(b[n:], true)
		if fault != "" {
			return 0, &Error{Code: MalformedPacket, Type: PUBLISH, What: "property length " + fault}
		}
		if size == 0 {
			return 0, nil
		}
		n += size + int(length)
	}
	return n, tooLong(h, n)
}

func tooLong(h Header, n int) error {
	if n <= h.Length {
		return nil
	}
	return &Error{Code: MalformedPacket, Type: PUBLISH, What: "is shorter than its topic and properties"}
}
