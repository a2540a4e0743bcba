package regex

import "strings"

// ranges is a property that Go has no tables of, from Unicode 17.0 (emoji-data.txt, UnicodeData.txt): the gap before
// each range and how much longer than one character it is, in base 36.
func ranges(name string) string {
	switch name {
	case "Emoji":
		return "z 6 5-9 33 4 68d c 60 m 2i-5 f-1 a7-1 c 4m p-a 4-2 5j 6f-1 a 9 1m-3 1-4 9 2 2-1 2 4 2 1-1 2 3 3-1 8-2 5 1 5-b b-1 2 1-1 1 i 2-1 i-5 1 1-1 3-1 5 2-1 4-1 b-1 5-1 2 5-1 1 1-1 k-1 5-5 1-3 2 4 2 2-5 1 2 1 1 6 3 6 a-1 f 2 4 1 4-2 1 b-1 1c-2 9 e e ac-1 cv-2 j-1 1f 4 yi c gp 1 2fze 5m 4g-1 c-1 e 2-9 23-p 1-1 n k 2-8 l-1 4u-x 2-33 2-1 1-2 2-2a 2-2 1-7a 1-1q b-5 1-n 7-1 2-7 c 2-3 2 4-1 d-1 2 8-1 9 5-2 c-2 8-2 2 1 4 6 3 6-2d 1c-1x 5-7 2-3 3-9 3 1-1 3 2-9 6b-b 4 7v-1a 1-9 1-54 34-c 3-a 3-1k 1 4-f 2-b 4-9"
	case "Emoji_Presentation":
		return "6xm-1 5p-3 3 2 eh-1 l-1 1e-b 17 j d 8-1 h-1 5-1 8 5 l 7-1 1 4 2 7 4-1 s z 1 4-2 1 1p-2 o e nv-1 1f 4 2hf2 5m 5a 2-9 23-p 1 o k 2-4 1-2 l-1 4u-w c-8 1-1x 1-l c-16 4-4 c-g 3 3-1y 1 1-56 2-1q d-3 1-n i q-1 d 2e-2c 1c-1x 6 3-2 2-3 3-3 b-1 7-8 6b-b 4 7v-1a 1-9 1-54 34-c 3-a 3-1k 1 4-f 2-b 4-9"
	case "Emoji_Modifier":
		return "2qrf-4"
	case "Emoji_Modifier_Base":
		return "7j1 63 g-3 2iyf 1o-2 2 2-2 39-1 2-a l-i 3 4-2 1-2 7 1 o 5l-1 4 l 4-1 4u-2 3-4 2b g-2 9 b fz 2 8-7 6 9-9 2-2 1k 1p-1 1-1 1 h-2 1-c 6d-2 16-8"
	case "Emoji_Component":
		return "z 6 5-9 6ab 5x 17or 1c5y-p e3-4 14g-3 gw30-2n"
	case "Extended_Pictographic":
		return "4p 4 68d c 60 m 2i-5 f-1 a7-1 c 4m p-a 4-2 5j 6f-1 a 9 1m-3 1-4 9 2 2-1 2 4 2 1-1 2 3 3-1 8-2 5 1 5-b b-1 2 1-1 1 i 2-1 i-5 1 1-1 3-1 5 2-1 4-1 b-1 5-1 2 5-1 1 1-1 k-1 5-5 1-3 2 4 2 2-5 1 2 1 1 6 3 6 a-1 f 2 4 1 4-2 1 b-1 1c-2 9 e e ac-1 cv-2 j-1 1f 4 yi c gp 1 2fze 13-3 2s-b f-1 f e-1 11-9 34-1 c-1 e 2-9 j-1j r-e a k 2-8 1-3 9-m 6-57 2-33 2-1 1-2 2-2a 2-2 1-3 5-71 1-1q b-5 1-n 7-1 2-7 c 2-3 2 4-1 d-1 2 8-1 9 5-2 c-2 8-2 2 1 4 6 3 6-2d 1c-1x 5-7 2-g 3 1-5 2-c 62-11 c-3 1k-7 a-5 14-7 u-1 c-3 2-d 9-12 c-1a 1-9 1-54 2g-7 e-41 74-sd"
	case "Bidi_Mirrored":
		return "14-1 i 1 s 1 t 1 19 f 2v2-3 1gd-1 1wc-1 a-1 1i-1 e-1 4x 5c-3 3-5 3 3-1 3-3 1-3 1 1 4-8 5 1-h 5-3 9-1 1 1-7 1-v 2-3 5 9-1 2-i 5-1 9-4 2-1 4-n 2-f 8-3 k-1 7-1 u5-d 22 2-3 1-1 1-2 5-3 5-2 3-d b7-l 2-5 1-d 8 7-5 3 4-4 1-1 2-4 4 1-2 2-1 a-5 2-1 c-i 1-3 2 1 2 1-3 5-1 6-2 o-1 b-1 4-3 1-1 2-1 4-16 2-7 1-13 5 1 3-4 5-2 4 3-4 1 74 eb-3 3-1 1-1 e-1 2-9 17-7 bv-9 2-7 14ql-5 5-1 4i-1 i 1 s 1 t 1 1-1 1-1 16k7 1l 1l 1l 1l"
	}
	return ""
}

// embedded is a property of the list, nil when it has none of that name.
func embedded(name string) spans {
	text := ranges(name)
	if text == "" {
		return nil
	}
	var out spans
	next := rune(0)
	for part := range strings.FieldsSeq(text) {
		gap, more, _ := strings.Cut(part, "-")
		lo := next + base36(gap)
		hi := lo + base36(more)
		out = append(out, span{lo, hi})
		next = hi + 1
	}
	return out
}

func base36(s string) (n rune) {
	for _, c := range s {
		if c >= 'a' {
			n = n*36 + c - 'a' + 10
		} else {
			n = n*36 + c - '0'
		}
	}
	return n
}

// emojiTexts are the properties of texts, which flag v knows: flags and keycaps. Sequences of emoji
// are matched by their parts.
func emojiTexts(name string) (s spans, texts []string, ok bool) {
	parts := []struct {
		name string
		list func() (spans, []string)
	}{
		{"Emoji_Keycap_Sequence", keycaps}, {"RGI_Emoji_Flag_Sequence", flags}, {"RGI_Emoji_Modifier_Sequence", toned}, {"Basic_Emoji", basicEmoji},
	}
	for _, part := range parts {
		if name == part.name || name == "RGI_Emoji" {
			more, list := part.list()
			s, texts, ok = s.or(more), append(texts, list...), true
		}
	}
	return s, texts, ok
}

func keycaps() (s spans, texts []string) {
	for _, c := range "0123456789#*" {
		texts = append(texts, string(c)+"\ufe0f\u20e3")
	}
	return nil, texts
}

func flags() (s spans, texts []string) {
	const countries = "ACADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCPCQCRCUCVCWCXCYCZDEDGDJDKDMDODZEAECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUICIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTATCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUNUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"
	for i := 0; i < len(countries); i += 2 {
		texts = append(texts, string([]rune{0x1f1e6 + rune(countries[i]-'A'), 0x1f1e6 + rune(countries[i+1]-'A')}))
	}
	return nil, texts
}

// toned are people and hands with a tone of skin.
func toned() (s spans, texts []string) {
	for _, r := range embedded("Emoji_Modifier_Base") {
		for c := r.lo; c <= r.hi; c++ {
			for tone := rune(0x1f3fb); tone <= 0x1f3ff; tone++ {
				texts = append(texts, string([]rune{c, tone}))
			}
		}
	}
	return nil, texts
}

func basicEmoji() (s spans, texts []string) {
	letters := spans{{0x1f1e6, 0x1f1ff}} // of flags
	s = embedded("Emoji_Presentation").and(letters.not())
	plain := embedded("Emoji").and(spans{{0x80, maxRune}}).and(letters.not()).and(s.not())
	for _, r := range plain {
		for c := r.lo; c <= r.hi; c++ {
			texts = append(texts, string([]rune{c, 0xfe0f}))
		}
	}
	return s, texts
}
