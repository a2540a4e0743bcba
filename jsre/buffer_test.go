package jsre_test

import "testing"

func TestBuffer(t *testing.T) {
	check(t, "", []expectation{
		{
			"what it is", `const b = Buffer.from('hé');
			show(b instanceof Uint8Array); show(b instanceof Buffer); show(Buffer.isBuffer(b)); show(Buffer.isBuffer(new Uint8Array(1)));
			show(b.length); show(b[1]); show(b.constructor === Buffer); show(Object.getPrototypeOf(Buffer) === Uint8Array); show(` + "`${b}`" + `); show('' + b);
			show(require('buffer').Buffer === Buffer); show(JSON.stringify(b)); show([...b].join()); show(Object.prototype.toString.call(b));`,
			"true\ntrue\ntrue\nfalse\n3\n195\ntrue\ntrue\nhé\nhé\ntrue\n{\"type\":\"Buffer\",\"data\":[104,195,169]}\n104,195,169\n[object Uint8Array]\n",
		},
		{
			"encodings there", `for (const e of ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'utf16le', 'UCS-2', undefined]) show(Buffer.from([0x61, 0xff, 0xfb, 0xef, 0x00, 0x62]).toString(e).replace(/\0/g, '.'));`,
			"a\ufffd\ufffd\ufffd.b\n61fffbef0062\nYf/77wBi\nYf_77wBi\naÿûï.b\naÿûï.b\na\x7f{o.b\n\uff61\ueffb\u6200\n\uff61\ueffb\u6200\na\ufffd\ufffd\ufffd.b\n",
		},
		{
			"encodings back", `const list = {hex: '61FFfb', base64: 'Yf/77wBi', base64url: 'Yf_77wBi', latin1: 'aÿ€', ascii: 'aÿ', utf16le: 'a€', utf8: '€😀'};
			for (const e in list) show(Buffer.from(list[e], e).toString('hex')); show(Buffer.from('6', 'hex').length); show(Buffer.from('61zz62', 'hex').length); show(Buffer.from('Y Q = =', 'base64').toString()); show(Buffer.from('\ud800').toString('hex'));`,
			"61fffb\n61fffbef0062\n61fffbef0062\n61ffac\n61ff\n6100ac20\ne282acf09f9880\n0\n1\na\nefbfbd\n",
		},
		{"one U+FFFD for each broken part", `show(Buffer.from([0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x98, 0xff, 0xc0, 0x80]).toString());`, "\ufffdA\ufffd\ufffd\ufffd\ufffd\n"},
		{
			"from", `const a = Buffer.from([1, 2, 300, -1]); show(a.join()); const c = Buffer.from(a); c[0] = 9; show(a[0]);
			const ab = new ArrayBuffer(4); const v = Buffer.from(ab, 1, 2); v[0] = 7; show(new Uint8Array(ab).join()); show(v.length);
			show(Buffer.from(JSON.parse(JSON.stringify(a))).join()); show(Buffer.from(new String('str')).toString()); show(Buffer.from({length: 2, 0: 5, 1: 6}).join());
			show(Buffer.from(new Uint16Array([258])).join()); show(new Buffer('old').toString()); show(Buffer('old').toString()); show(new Buffer(2).join());
			show(() => Buffer.from(5)); show(() => Buffer.from(null)); show(() => Buffer.from({})); show(() => Buffer.from('x', 'nope'));`,
			"1,2,44,255\n1\n0,7,0,0\n2\n1,2,44,255\nstr\n5,6\n2,1\nold\nold\n0,0\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: Buffer.from: value must be a string, Buffer, ArrayBuffer, array or array-like object, got number\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: Buffer.from: value must be a string, Buffer, ArrayBuffer, array or array-like object, got null\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: Buffer.from: value must be a string, Buffer, ArrayBuffer, array or array-like object, got object\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: Buffer.from: encoding must be utf8, hex, base64, base64url, latin1, ascii or utf16le, got nope\n",
		},
		{
			"alloc", `show(Buffer.alloc(3).join()); show(Buffer.alloc(5, 'ab').toString()); show(Buffer.alloc(2, 257).join()); show(Buffer.alloc(3, '6162', 'hex').toString()); show(Buffer.allocUnsafe(2).length);
			show(() => Buffer.alloc(-1)); show(() => Buffer.alloc('3')); show(() => Buffer.alloc(2 ** 40));`,
			"0,0,0\nababa\n1,1\naba\n2\nRangeError[ERR_OUT_OF_RANGE]: Buffer.alloc: size must be from 0 to 1073741824, got -1\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: Buffer.alloc: size must be a number, got string\nRangeError[ERR_OUT_OF_RANGE]: Buffer.alloc: size must be from 0 to 1073741824, got 1099511627776\n",
		},
		{
			"statics", `show(Buffer.concat([Buffer.from('ab'), new Uint8Array([99])]).toString()); show(Buffer.concat([Buffer.from('abc')], 2).toString()); show(Buffer.concat([Buffer.from('a')], 3).length);
			show(Buffer.byteLength('€')); show(Buffer.byteLength('6162', 'hex')); show(Buffer.byteLength(new DataView(new ArrayBuffer(4), 1))); show(Buffer.compare(Buffer.from('a'), Buffer.from('b'))); show(Buffer.isEncoding('HEX')); show(Buffer.isEncoding('x'));
			show(() => Buffer.concat('x')); show(() => Buffer.concat([1]));`,
			"abc\nab\n3\n3\n2\n3\n-1\ntrue\nfalse\nTypeError[ERR_INVALID_ARG_TYPE]: Buffer.concat: list must be an object, got string\nTypeError[ERR_INVALID_ARG_TYPE]: Buffer.concat: list[0] must be a Buffer or Uint8Array, got number\n",
		},
		{
			"slices share memory", `const b = Buffer.from('hello'); const s = b.slice(1, -1); s[0] = 0x45; show(b.toString()); show(s.toString()); show(s instanceof Buffer); show(b.subarray(-2).toString()); show(b.subarray(4, 2).length); show(s.subarray(1).toString());
			show(b.map(x => x + 1) instanceof Buffer); show(b.toString('utf8', 1, 3));`,
			"hEllo\nEll\ntrue\nlo\n0\nll\ntrue\nEl\n",
		},
		{
			"search", `const b = Buffer.from('this is a buffer'); show(b.indexOf('is')); show(b.indexOf('is', 3)); show(b.indexOf(Buffer.from('buf'))); show(b.indexOf(0x61)); show(b.indexOf('x')); show(b.lastIndexOf('is')); show(b.includes('a b')); show(b.indexOf('6973', 'hex')); show(b.indexOf('r', -1));`,
			"2\n5\n10\n8\n-1\n5\ntrue\n2\n15\n",
		},
		{
			"change", `const b = Buffer.alloc(6); show(b.write('a€b', 1)); show(b.toString('hex')); show(b.write('€€', 0, 5)); show(b.write('ff', 5, 'hex')); show(b.toString('hex')); show(b.fill('xy', 1, 4).toString('latin1')); show(b.fill(0).join());
			const c = Buffer.alloc(3); show(Buffer.from('hello').copy(c, 1, 1, 4)); show(c.toString('latin1', 1)); show(Buffer.from([1, 2, 3, 4]).swap16().join()); show(Buffer.from([1, 2, 3, 4]).swap32().join()); show(() => Buffer.alloc(3).swap16());`,
			"5\n0061e282ac62\n3\n1\ne282ac82acff\n\u00e2xyx¬ÿ\n0,0,0,0,0,0\n2\nel\n2,1,4,3\n4,3,2,1\nRangeError[ERR_OUT_OF_RANGE]: swap16: length must be a multiple of 2, got 3\n",
		},
		{
			"compare", `const a = Buffer.from('abc'); show(a.equals(Buffer.from('abc'))); show(a.equals(new Uint8Array(3))); show(a.compare(Buffer.from('abd'))); show(a.compare(Buffer.from('xbcx'), 1, 3, 1)); show(() => a.equals('abc'));`,
			"true\nfalse\n-1\n0\nTypeError[ERR_INVALID_ARG_TYPE]: otherBuffer must be a Buffer or Uint8Array, got string\n",
		},
		{
			"numbers", `const b = Buffer.alloc(8);
			show(b.writeUInt16BE(0x1234)); show(b.readUInt16BE()); show(b.readUInt16LE(0)); show(b.writeInt32LE(-2, 4)); show(b.readInt32LE(4)); show(b.readUInt32LE(4)); show(b.readInt8(4)); show(b.readUint8(4));
			b.writeDoubleBE(Math.PI); show(b.readDoubleBE() === Math.PI); b.writeFloatLE(1.5, 2); show(b.readFloatLE(2)); b.writeBigInt64LE(-5n); show(b.readBigInt64LE()); show(b.readBigUInt64LE()); b.writeBigUInt64BE(2n ** 64n - 1n); show(b.readBigInt64BE());
			show(b.writeUIntBE(0x010203, 1, 3)); show(b.readUIntBE(1, 3)); show(b.readIntLE(1, 3)); b.writeIntBE(-2, 0, 6); show(b.readIntBE(0, 6));
			show(() => b.readUInt32LE(5)); show(() => b.writeUInt8(256)); show(() => b.writeInt8('1')); show(() => b.readUInt8(1.5)); show(() => b.writeBigInt64LE(2n ** 63n)); show(() => Buffer.alloc(1).readInt16LE());`,
			"2\n4660\n13330\n8\n-2\n4294967294\n-2\n254\ntrue\n1.5\n-5\n18446744073709551611\n-1\n4\n66051\n197121\n-2\n" +
				"RangeError[ERR_OUT_OF_RANGE]: readUInt32LE: offset must be from 0 to 4, got 5\nRangeError[ERR_OUT_OF_RANGE]: writeUInt8: value must be from 0 to 255, got 256\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: writeInt8: value must be a number, got string\nRangeError[ERR_OUT_OF_RANGE]: readUInt8: offset must be a whole number, got 1.5\n" +
				"RangeError[ERR_OUT_OF_RANGE]: writeBigInt64LE: value must fit into 64 bits, got 9223372036854775808\nRangeError[ERR_OUT_OF_RANGE]: offset is outside of the buffer: 2 bytes wanted, 1 there\n",
		},
		{
			"on what is no Buffer", `show(() => Buffer.prototype.toString.call('x')); show(() => Buffer.prototype.readUInt8.call({})); show(Buffer.prototype.toString.call(new Uint8Array([97])));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: toString was called on string, not on a Buffer\nTypeError[ERR_INVALID_ARG_TYPE]: readUInt8 was called on object, not on a Buffer\na\n",
		},
		{"subclass", `class My extends Buffer { hi() { return this.length; } } const m = new My(3); show(m.hi()); show(m instanceof Buffer); show(Buffer.isBuffer(m));`, "3\ntrue\ntrue\n"},
		{"without its prototype", `show(require('util').inspect(Object.setPrototypeOf(Buffer.from('ab'), {})));`, "Object(2) [ 97, 98 ]\n"},
		{
			"text", `show(new TextEncoder().encode('€').join()); show(new TextEncoder().encode('x').constructor.name); show(JSON.stringify(new TextEncoder().encodeInto('a😀b', new Uint8Array(5))));
			show(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]))); show(new TextDecoder('utf8', {ignoreBOM: true}).decode(new Uint8Array([0xef, 0xbb, 0xbf, 97])).length); show(() => new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([255])));
			const d = new TextDecoder(); show(d.decode(new Uint8Array([0xe2, 0x82]), {stream: true}) + '|' + d.decode(new Uint8Array([0xac]), {stream: true}) + d.decode()); show(() => new TextDecoder('latin1'));
			show(btoa('aÿ')); show(atob('Yf8=') === 'aÿ'); show(() => btoa('€')); show(() => atob('*')); show(btoa(1)); show(() => btoa(Symbol())); show(JSON.stringify(new TextEncoder().encodeInto(12, new Uint8Array(5))));`,
			"226,130,172\nUint8Array\n{\"read\":3,\"written\":5}\na\n2\nTypeError[ERR_ENCODING_INVALID_ENCODED_DATA]: decode: input is not valid UTF-8\n|€\nRangeError[ERR_OUT_OF_RANGE]: TextDecoder: label must be utf-8, got latin1\nYf8=\ntrue\n" +
				"Error[ERR_INVALID_CHARACTER]: btoa: the string has characters outside of Latin1\nError[ERR_INVALID_CHARACTER]: atob: the string is not base64\nMQ==\nTypeError[ERR_INVALID_ARG_TYPE]: a Symbol cannot be converted to a string\n{\"read\":2,\"written\":2}\n",
		},
	})
}
