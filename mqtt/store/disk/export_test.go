package disk

// Hostile makes a log file of the first number whose headers and checksums are right, with records
// of whatever fields the bytes say.
func Hostile(fields []byte) []byte {
	h := fileHeader{format: format, salt: 1, number: 1, first: 1}
	log := h.appendTo(h.appendTo(nil))
	sums := seed(1, 1)
	for seq := uint64(1); len(fields) >= 6; seq++ {
		f := fields
		r := record{
			kind: kind(f[0] & 15), before: kind(f[0] >> 4), length: uint32(f[1]), lag: uint32(f[2]),
			key: uint64(f[3]), seq: seq + uint64(f[4]>>4), beforeKey: uint64(f[4] & 15),
		}
		if f[5]&1 == 1 {
			r.length <<= 22
		}
		if f[5]&2 == 2 {
			r.lag, r.key = maxLag, 1<<63
		}
		fields = fields[6:]
		n := min(int(r.length), len(fields))
		r.sum = valueSum(sums, r.seq, fields[:n])
		log = r.appendTo(log, sums, int64(len(log)))
		log = append(log, fields[:n]...)
		log = append(log, zeros[:-len(log)&7]...)
		fields = fields[n:]
		if f[5]&4 == 4 {
			seq = r.seq
		}
	}
	return log
}

// RecordAt says whether a record of the log counts as one when it is found at another offset.
func RecordAt(log []byte, offset int64) bool {
	h, _ := parseFileHeader(log)
	_, ok := parseRecord(log[dataStart:], seed(h.salt, h.number), offset)
	return ok
}

// DataStart is where the first record is.
const DataStart = dataStart

// SecondNewer makes the header of the first file one of a later release.
func SecondNewer(log []byte) []byte {
	h, _ := parseFileHeader(log)
	h.format++
	return append(h.appendTo(h.appendTo(nil)), log[dataStart:]...)
}
