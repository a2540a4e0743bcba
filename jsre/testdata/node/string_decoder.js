const show = require('./show');
const { StringDecoder } = require('string_decoder');
const parts = (encoding, ...list) => { const d = new StringDecoder(encoding); return list.map(p => [d.write(Buffer.from(p)), d.lastNeed, d.lastTotal]).concat([[d.end()]]); };
// The halves of a surrogate pair that comes in odd parts are given at other times than by Node.js.
const shown = (e, list) => show.text(/ucs|utf16/.test(e) ? list.map(p => p[0]).join('') : list.map(p => p[0]));
const sequences = [[0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x98, 0x80, 0x41], [0x61, 0xff, 0xc0, 0x80, 0x62], [0xe2, 0x41], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x41], [0x3d, 0xd8, 0x00, 0xde], [0x61, 0x00, 0x3d], [0x3d, 0xd8, 0x61, 0x00], [1, 2, 3, 4, 5], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xe0, 0x80, 0x80], [0xc3, 0xa9, 0xc3]];
for (const e of ['utf8', 'utf16le', 'ucs2', 'base64', 'base64url', 'hex', 'latin1', 'binary', 'ascii']) {
  for (const s of sequences) {
    for (let cut = 0; cut <= s.length; cut++) console.log(e, s.join(), cut, shown(e, parts(e, s.slice(0, cut), s.slice(cut))));
    console.log(e, s.join(), 'one by one', shown(e, parts(e, ...s.map(x => [x]))));
  }
}
show(() => parts('utf8', [0xe2], [0x82], [0xac]), () => parts('utf16le', [0x3d, 0xd8], [0, 0xde]), () => parts('utf16le', [0x3d], [0]), () => parts('base64', [1], [2]), () => new StringDecoder('nope'), () => new StringDecoder().encoding, () => new StringDecoder('UTF-8').encoding, () => new StringDecoder('UCS-2').encoding, () => new StringDecoder('Binary').encoding, () => new StringDecoder(null).encoding, () => new StringDecoder('').encoding, () => new StringDecoder().write('text'), () => new StringDecoder().write(5), () => new StringDecoder().write(), () => new StringDecoder().write(new DataView(new Uint8Array([97, 98]).buffer, 1)), () => new StringDecoder().end(Buffer.from([0x61, 0xe2])), () => new StringDecoder().end(), () => { const d = new StringDecoder(); d.write(Buffer.from([0xe2, 0x82])); return d.lastChar; }, () => { const d = new StringDecoder(); d.write(Buffer.from([0xe2])); d.end(); return [d.write(Buffer.from([0x61])), d.lastNeed]; });
