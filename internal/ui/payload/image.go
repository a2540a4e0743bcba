package payload

import (
	"bytes"
	"encoding/binary"
)

// imageType returns the media type of a picture, by its first bytes; empty for all else. SVG is none: it is a document that
// may have scripts.
func imageType(b []byte, size int) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return "image/gif"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	case len(b) >= 26 && string(b[:2]) == "BM" && binary.LittleEndian.Uint32(b[2:]) == uint32(size) && binary.LittleEndian.Uint32(b[6:]) == 0:
		return "image/bmp"
	}
	return ""
}

// pixels returns how many pixels a picture says that it has, 0 where it does not say: a picture of some bytes can
// take gigabytes in a browser.
func pixels(kind string, b []byte) uint64 {
	big, little := binary.BigEndian, binary.LittleEndian
	switch {
	case kind == "image/png" && len(b) >= 24:
		return uint64(big.Uint32(b[16:])) * uint64(big.Uint32(b[20:]))
	case kind == "image/gif" && len(b) >= 10:
		return uint64(little.Uint16(b[6:])) * uint64(little.Uint16(b[8:]))
	case kind == "image/bmp" && len(b) >= 26:
		return magnitude(little.Uint32(b[18:])) * magnitude(little.Uint32(b[22:]))
	case kind == "image/webp":
		return webpPixels(b)
	case kind == "image/jpeg":
		return jpegPixels(b)
	}
	return 0
}

// magnitude is what a signed number is without its sign: the height of a BMP is negative where its rows go down.
func magnitude(n uint32) uint64 {
	if signed := int64(int32(n)); signed < 0 {
		return uint64(-signed)
	}
	return uint64(n)
}

// webpPixels reads the first chunk of a WebP file.
func webpPixels(b []byte) uint64 {
	if len(b) < 30 {
		return 0
	}
	little := binary.LittleEndian
	switch string(b[12:16]) {
	case "VP8X":
		width := uint64(b[24]) | uint64(b[25])<<8 | uint64(b[26])<<16
		height := uint64(b[27]) | uint64(b[28])<<8 | uint64(b[29])<<16
		return (width + 1) * (height + 1)
	case "VP8L":
		bits := uint64(little.Uint32(b[21:]))
		return (bits&0x3fff + 1) * (bits>>14&0x3fff + 1)
	case "VP8 ":
		return uint64(little.Uint16(b[26:])&0x3fff) * uint64(little.Uint16(b[28:])&0x3fff)
	}
	return 0
}

// jpegPixels looks for the start of a frame among the segments of a JPEG file.
func jpegPixels(b []byte) uint64 {
	for at := 2; at+9 <= len(b) && b[at] == 0xff; {
		marker := b[at+1]
		switch {
		case marker == 0xff: // fills up
			at++
			continue
		case marker >= 0xd0 && marker <= 0xd8 || marker == 0x01: // stand alone
			at += 2
			continue
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return uint64(binary.BigEndian.Uint16(b[at+5:])) * uint64(binary.BigEndian.Uint16(b[at+7:]))
		}
		at += 2 + int(binary.BigEndian.Uint16(b[at+2:]))
	}
	return 0
}
