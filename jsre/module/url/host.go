package url

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// parseHost reads a host: a domain or an IPv4 address of a special URL, an IPv6 address, else whatever
// stands there.
func parseHost(s string, special bool) (string, bool) {
	if strings.HasPrefix(s, "[") {
		if !strings.HasSuffix(s, "]") {
			return "", false
		}
		a, err := netip.ParseAddr(s[1 : len(s)-1])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", false
		}
		return "[" + ipv6(a) + "]", true
	}
	const forbidden = "\x00\t\n\r #/:<>?@[\\]^|"
	if !special {
		if strings.ContainsAny(s, forbidden) {
			return "", false
		}
		return escape(s, setControl), true
	}
	domain, ok := toASCII(validUTF8(unescape(s)))
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '%' || strings.ContainsRune(forbidden, r) }
	if !ok || domain == "" || strings.ContainsFunc(domain, bad) {
		return "", false
	}
	if endsInNumber(domain) {
		return ipv4(domain)
	}
	return domain, true
}

// ipv6 is an address as the URL Standard writes it: netip does so but for IPv4 inside of it.
func ipv6(a netip.Addr) string {
	b := a.As16()
	if !a.Is4In6() {
		return a.String()
	}
	part := func(i int) string { return strconv.FormatUint(uint64(b[i])<<8|uint64(b[i+1]), 16) }
	return "::ffff:" + part(12) + ":" + part(14)
}

func endsInNumber(s string) bool {
	s = strings.TrimSuffix(s, ".")
	last := s[strings.LastIndexByte(s, '.')+1:]
	if last == "" {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	_, ok := ipv4Number(last)
	return ok
}

// ipv4Number is a part of an address: decimal, octal with a 0 in front, or hexadecimal with 0x.
func ipv4Number(s string) (uint64, bool) {
	base := 10
	switch {
	case s == "":
		return 0, false
	case strings.HasPrefix(strings.ToLower(s), "0x"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		return math.MaxUint64, errors.Is(err, strconv.ErrRange)
	}
	return n, !strings.ContainsAny(s, "_+-")
}

// ipv4 is an address in up to four parts, of which the last fills the rest.
func ipv4(s string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(s, "."), ".")
	if len(parts) > 4 {
		return "", false
	}
	var address uint64
	for i, part := range parts {
		n, ok := ipv4Number(part)
		most := uint64(255)
		if i == len(parts)-1 {
			most = 1<<(8*(5-len(parts))) - 1
		}
		if !ok || n > most {
			return "", false
		}
		if i == len(parts)-1 {
			address |= n
		} else {
			address |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}).String(), true
}

// maxLabel is the longest label that is put into Punycode, which takes time with the square of it.
const maxLabel = 4096

// toASCII is a domain in small letters, with Punycode for labels that are not ASCII.
func toASCII(s string) (string, bool) {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s), true
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u3002', '\uff0e', '\uff61':
			return '.'
		case '\u00ad', '\u200b', '\u2060', '\ufeff':
			return -1
		}
		return r
	}, s)
	s = norm.NFC.String(strings.ToLower(norm.NFKC.String(s)))
	labels := strings.Split(s, ".")
	for i, label := range labels {
		if len(label) > maxLabel || strings.ContainsRune(label, utf8.RuneError) {
			return "", false
		}
		if labels[i] = punycode(label); labels[i] != label && strings.HasPrefix(label, "xn--") {
			return "", false
		}
	}
	return strings.Join(labels, "."), true
}

// The numbers of RFC 3492, section 5.
const (
	punyBase    = 36
	punyMin     = 1
	punyMax     = 26
	punySkew    = 38
	punyDamp    = 700
	punyBias    = 72
	punyInitial = 128
)

func adapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}

func threshold(k, bias int) int { return max(punyMin, min(punyMax, k-bias)) }

// appendDelta writes a number of variable length, RFC 3492, section 3.3.
func appendDelta(out []byte, delta, bias int) []byte {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := punyBase; ; k += punyBase {
		t := threshold(k, bias)
		if delta < t {
			return append(out, digits[delta])
		}
		out = append(out, digits[t+(delta-t)%(punyBase-t)])
		delta = (delta - t) / (punyBase - t)
	}
}

// punycode is a label in ASCII, RFC 3492, section 6.3.
func punycode(label string) string {
	runes := []rune(label)
	var out []byte
	for _, r := range runes {
		if r < punyInitial {
			out = append(out, byte(r))
		}
	}
	if len(out) == len(runes) {
		return label
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias, done := rune(punyInitial), 0, punyBias, basic
	for done < len(runes) {
		next := rune(utf8.MaxRune)
		for _, r := range runes {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			out = appendDelta(out, delta, bias)
			bias = adapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return "xn--" + string(out)
}

// toUnicode is a domain with its Punycode read.
func toUnicode(s string) string {
	labels := strings.Split(s, ".")
	for i, label := range labels {
		if strings.HasPrefix(label, "xn--") && len(label) <= maxLabel {
			if text, ok := unpunycode(label[4:]); ok {
				labels[i] = text
			}
		}
	}
	return strings.Join(labels, ".")
}

// unpunycode reads a label, RFC 3492, section 6.2.
func unpunycode(s string) (string, bool) {
	var out []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		out, s = []rune(s[:i]), s[i+1:]
	}
	n, i, bias := punyInitial, 0, punyBias
	for s != "" {
		before, weight := i, 1
		for k := punyBase; ; k += punyBase {
			if s == "" {
				return "", false
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", s[0]|0x20)
			if isDigit(s[0]) {
				digit = int(s[0]-'0') + 26
			}
			s = s[1:]
			if digit < 0 || digit > (math.MaxInt32-i)/weight {
				return "", false
			}
			i += digit * weight
			t := threshold(k, bias)
			if digit < t {
				break
			}
			if weight > math.MaxInt32/(punyBase-t) {
				return "", false
			}
			weight *= punyBase - t
		}
		bias = adapt(i-before, len(out)+1, before == 0)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > utf8.MaxRune {
			return "", false
		}
		out = append(out[:i], append([]rune{rune(n)}, out[i:]...)...)
		i++
	}
	return string(out), true
}
