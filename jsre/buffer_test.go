package jsre_test

import "testing"

// TestBuffer shows what of Buffer is not as in Node.js, or not the same on every machine; the rest is in
// testdata/node.
func TestBuffer(t *testing.T) {
	check(t, "", []expectation{
		{
			"what it is", `const b = Buffer.from('hé');
			show(b instanceof Uint8Array); show(b instanceof Buffer); show(Buffer.isBuffer(b)); show(Buffer.isBuffer(new Uint8Array(1)));
			show(b.length); show(b[1]); show(b.constructor === Buffer); show(` + "`${b}`" + `); show('' + b);
			show(require('buffer').Buffer === Buffer); show(JSON.stringify(b)); show([...b].join()); show(Object.prototype.toString.call(b)); show(require('edgeros:buffer') === require('node:buffer'));`,
			"true\ntrue\ntrue\nfalse\n3\n195\ntrue\nhé\nhé\ntrue\n{\"type\":\"Buffer\",\"data\":[104,195,169]}\n104,195,169\n[object Uint8Array]\ntrue\n",
		},
		{
			"members of JSRE", `show(Buffer.allocSafe(2).join()); show(Buffer.MAX_LENGTH); show(Buffer.MAX_STRING_LENGTH); const b = Buffer.from('abcdef'); show(b.toArray(1, 3).join()); show(Array.isArray(b.toArray())); show(b.toArray().length);
			show(b.fromString('xy', 2)); show(b.fromString('7a', 5, 'hex')); show(b.toString()); show(() => b.fromString('toolong')); show(() => b.fromString('abc', 4)); show(() => b.fromString(5)); show(() => b.fromString('a', 7));
			show(new Buffer(b, 1, 2).toString()); const c = new Buffer(b, 4, 9); c[0] = 0x21; show(c.toString() + b.toString()); show(new Buffer([1, 2, 3], 1).join()); show(new Buffer([1, 2, 3], 5, 2).length); show(new Buffer([1, 2, 3], -1, -2).length);
			show(btoa(Buffer.from([0, 255]))); show(btoa(new Uint8Array([97]).buffer));`,
			"0,0\n1073741824\n536870888\n98,99\ntrue\n6\n2\n1\nabxyez\nRangeError[ERR_BUFFER_OUT_OF_BOUNDS]: Attempt to access memory outside buffer bounds\nRangeError[ERR_BUFFER_OUT_OF_BOUNDS]: Attempt to access memory outside buffer bounds\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: The \"str\" argument must be of type string. Received type number (5)\nRangeError[ERR_OUT_OF_RANGE]: The value of \"offset\" is out of range. It must be >= 0 && <= 6. Received 7\n" +
				"bx\n!zabxyez\n2,3\n0\n0\nAP8=\nYQ==\n",
		},
		{
			"limits", `show(() => Buffer.alloc(-1)); show(() => Buffer.alloc(NaN)); show(() => Buffer.alloc(2 ** 40)); show(() => Buffer.from({ length: 2 ** 40 })); show(() => Buffer.from('a').compare(Buffer.from('a'), -1)); show(() => Buffer.alloc(1).fill('a', -1)); show(() => Buffer.concat([Buffer.alloc(1)], -1)); show(() => Buffer.concat([Buffer.alloc(1)], 2 ** 31)); show(require('buffer').kMaxLength);`,
			"RangeError[ERR_OUT_OF_RANGE]: The value of \"size\" is out of range. It must be >= 0 && <= 1073741824. Received -1\nRangeError[ERR_OUT_OF_RANGE]: The value of \"size\" is out of range. It must be >= 0 && <= 1073741824. Received NaN\n" +
				"RangeError[ERR_OUT_OF_RANGE]: The value of \"size\" is out of range. It must be >= 0 && <= 1073741824. Received 1_099_511_627_776\nRangeError: Invalid typed array length: 1099511627776\nRangeError[ERR_OUT_OF_RANGE]: The value of \"targetStart\" is out of range. It must be >= 0 && <= 1073741824. Received -1\n" +
				"RangeError[ERR_OUT_OF_RANGE]: The value of \"offset\" is out of range. It must be >= 0 && <= 1073741824. Received -1\nRangeError[ERR_OUT_OF_RANGE]: The value of \"length\" is out of range. It must be >= 0 && <= 1073741824. Received -1\nRangeError[ERR_OUT_OF_RANGE]: The value of \"length\" is out of range. It must be >= 0 && <= 1073741824. Received 2147483648\n1073741824\n",
		},
		{
			"on what is no Buffer", `show(() => Buffer.prototype.toString.call('x')); show(() => Buffer.prototype.readUInt8.call({})); show(Buffer.prototype.toString.call(new Uint8Array([97]))); show(() => Blob.prototype.text.call({}));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: toString was called on string, not on a Buffer\nTypeError[ERR_INVALID_ARG_TYPE]: readUInt8 was called on object, not on a Buffer\na\nTypeError[ERR_INVALID_THIS]: Value of \"this\" must be of type Blob\n",
		},
		{"subclass", `class My extends Buffer { hi() { return this.length; } } const m = new My(3); show(m.hi()); show(m instanceof Buffer); show(Buffer.isBuffer(m));`, "3\ntrue\ntrue\n"},
		{"without its prototype", `show(require('util').inspect(Object.setPrototypeOf(Buffer.from('ab'), {})));`, "Object(2) [ 97, 98 ]\n"},
		{
			"same functions under both spellings", `for (const n of Object.getOwnPropertyNames(Buffer.prototype)) if (/Uint/.test(n) && Buffer.prototype[n] !== Buffer.prototype[n.replace('Uint', 'UInt')]) show(n); show(Buffer.prototype.toString === Buffer.prototype.toLocaleString);`,
			"true\n",
		},
		{"Latin 1 of the Encoding Standard", `show(new TextDecoder('latin1').decode(new Uint8Array([0x80, 0x9f, 0x81])));`, "€Ÿ\u0081\n"},
	})
}
