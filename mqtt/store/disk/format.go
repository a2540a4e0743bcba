package disk

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// The log is a row of files named by a number of 16 hexadecimal digits. All integers are little
// endian, all records start at a multiple of 8.
//
//	file   = file header, the same again (one flipped bit must not cost a file), records
//	record = record header, value, zeros up to a multiple of 8
//
// The file header, 64 bytes: magic 8, format 4, zero 4, salt 8, number 8, first sequence number 8,
// synced 8, zero 12, CRC 4. The record header, 40 bytes: length of the value 4, kinds 1 (low half:
// of this record, high half: of the one before), lag 3, key 8, sequence number 8, key of the record
// before 8, CRC of the value 4, CRC of the header 4.
//
// "Synced" is a sequence number: all records up to it had reached the disk when the bytes that say
// so were written. A record says it as its distance (lag). It tells damage to what was safe, which
// is reported and skipped, from writes that a power loss left unfinished, where the log ends.
//
// The key of the record before tells whose value is gone when a record is unreadable: without it an
// older value of that key would come back to life.
const (
	magic      = "DUNLINST"
	format     = 1
	headerSize = 64
	dataStart  = 2 * headerSize
	recordSize = 40
	maxLag     = 1<<24 - 1
	logSuffix  = ".log"
)

// MaxValue is the length in bytes of the longest value a store takes.
const MaxValue = 1<<30 - 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type kind uint8

const (
	kindNone   kind = iota
	kindPut         // key has the value that follows
	kindRemove      // key has none
	kindTrim        // files with a number below key are given up
	kindClose       // Close ended here; everything before is synced
)

// record is the header of a record.
type record struct {
	kind, before kind
	length, lag  uint32
	key, seq     uint64
	beforeKey    uint64
	sum          uint32
}

// size is what the record takes in the log.
func (r *record) size() int64 {
	return recordSize + int64(r.length) + padding(r.length)
}

func padding(length uint32) int64 { return int64(-length & 7) }

// synced is the last sequence number that was safe when the record was written, 0 when it does not
// say.
func (r *record) synced() uint64 {
	if r.lag == maxLag || uint64(r.lag) > r.seq {
		return 0
	}
	return r.seq - uint64(r.lag)
}

func lag(seq, synced uint64) uint32 {
	return uint32(min(seq-synced, maxLag))
}

// seed is what all checksums of a file start from. It depends on the salt, so nobody who only
// chooses payloads can make one that looks like a record.
func seed(salt, number uint64) uint32 {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 16), salt)
	return crc32.Checksum(binary.LittleEndian.AppendUint64(b, number), castagnoli)
}

// headerSum depends on the place too: a copy of a record, for instance a log file sent as a
// payload, is no record.
func headerSum(seed uint32, off int64, b []byte) uint32 {
	return crc32.Update(seed^uint32(uint64(off)>>3)*0x9E3779B1, castagnoli, b)
}

func valueSum(seed uint32, seq uint64, value []byte) uint32 {
	return crc32.Update(seed^uint32(seq), castagnoli, value)
}

func (r *record) appendTo(dst []byte, seed uint32, off int64) []byte {
	n := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, r.length)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(r.kind)|uint32(r.before)<<4|r.lag<<8)
	dst = binary.LittleEndian.AppendUint64(dst, r.key)
	dst = binary.LittleEndian.AppendUint64(dst, r.seq)
	dst = binary.LittleEndian.AppendUint64(dst, r.beforeKey)
	dst = binary.LittleEndian.AppendUint32(dst, r.sum)
	return binary.LittleEndian.AppendUint32(dst, headerSum(seed, off, dst[n:]))
}

// parseRecord reads the header in b, which lies at off. It says false when b is none.
func parseRecord(b []byte, seed uint32, off int64) (r record, ok bool) {
	if binary.LittleEndian.Uint32(b[36:]) != headerSum(seed, off, b[:36]) {
		return r, false
	}
	r.length = binary.LittleEndian.Uint32(b)
	kinds := binary.LittleEndian.Uint32(b[4:])
	r.kind, r.before, r.lag = kind(kinds&15), kind(kinds>>4&15), kinds>>8
	r.key = binary.LittleEndian.Uint64(b[8:])
	r.seq = binary.LittleEndian.Uint64(b[16:])
	r.beforeKey = binary.LittleEndian.Uint64(b[24:])
	r.sum = binary.LittleEndian.Uint32(b[32:])
	ok = r.kind >= kindPut && r.kind <= kindClose && r.before <= kindClose && r.seq > 0 && r.length <= MaxValue &&
		(r.kind == kindPut || r.length == 0)
	return r, ok
}

// fileHeader is what the first bytes of a file say.
type fileHeader struct {
	format                      uint32
	salt, number, first, synced uint64
}

func (h *fileHeader) appendTo(dst []byte) []byte {
	n := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, h.format)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	for _, v := range []uint64{h.salt, h.number, h.first, h.synced, 0} {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[n:], castagnoli))
}

func parseFileHeader(b []byte) (h fileHeader, ok bool) {
	if len(b) < headerSize || string(b[:8]) != magic ||
		binary.LittleEndian.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return h, false
	}
	h.format = binary.LittleEndian.Uint32(b[8:])
	h.salt = binary.LittleEndian.Uint64(b[16:])
	h.number = binary.LittleEndian.Uint64(b[24:])
	h.first = binary.LittleEndian.Uint64(b[32:])
	h.synced = binary.LittleEndian.Uint64(b[40:])
	return h, h.first > 0
}

func logName(number uint64) string { return fmt.Sprintf("%016x%s", number, logSuffix) }

// parseLogName gives the number of a log file's name; other names are not ours.
func parseLogName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, logSuffix)
	if !ok || len(digits) != 16 || strings.ToLower(digits) != digits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && n > 0
}
