package jsre_test

import "testing"

// TestCrypto shows what of crypto is JSRE's own; the rest is in testdata/node.
func TestCrypto(t *testing.T) {
	check(t, "const c = require('crypto'), fs = require('fs');\n", []expectation{
		{
			"members of JSRE", `const h = c.createHash('md5'); h.update('a'); const first = h.digest('hex'); h.restart(); h.update('a'); show(h.digest('hex') === first); show(first); show(c.createHash('md5', 'key').update('data').digest('hex') === c.createHmac('md5', 'key').update('data').digest('hex'));
			show(c.createHash('md5', Buffer.from('key')).update('data').digest('hex')); fs.writeFile('f', 'a'); show(c.createHash('md5').digestFile('f', 'hex') === first); show(c.createHmac('sha1', 'k').digestFile('f').length); try { c.createHash('md5').digestFile('none'); } catch (e) { show(e.name + '[' + e.code + ']: ' + e.message.replace(require('path').cwd(), 'DIR')); } show(() => c.createHash('md5').digestFile());
			const m = c.createHmac('md5', 'k'); m.update('x').digest(); m.restart(); show(m.update('x').digest('hex') === c.createHmac('md5', 'k').update('x').digest('hex')); const b = Buffer.alloc(40); show(c.randomFill(b, 4, 30) === b); show(b.some(x => x > 0)); show(b.subarray(34).some(x => x > 0)); show(c.scrypt('p', 's', 8).toString('hex')); show(c.createHash('md5').digest('none') instanceof Buffer); show(require('edgeros:crypto') === c);`,
			"true\n0cc175b9c0f1b6a831c399e269772661\ntrue\n9d5c73ef85594d34ec4438b7c97e51d8\ntrue\n20\nError[EIO]: digestFile: open DIR/none: no such file or directory\nTypeError[ERR_INVALID_ARG_TYPE]: The \"file\" argument must be of type string. Received undefined\n" +
				"true\ntrue\ntrue\nfalse\n4329787752e75d1d\ntrue\ntrue\n",
		},
		{
			"limits and what is not there", `show(() => c.randomBytes(2 ** 30 + 1)); show(() => c.pbkdf2Sync('p', 's', 1, 2 ** 30, 'md5')); show(() => c.scryptSync('p', 's', 8, { N: 2 ** 24, maxmem: 2 ** 40 })); show(() => new crypto.constructor()); show(() => c.Hash.prototype.update.call({}, 'x')); show(() => c.createHash('ripemd160').copy()); show(c.createCipheriv); show(c.pseudoRandomBytes === c.randomBytes);`,
			"RangeError[ERR_OUT_OF_RANGE]: The value of \"size\" is out of range. It must be >= 0 && <= 1073741824. Received 1073741825\nRangeError[ERR_CRYPTO_INVALID_KEYLEN]: Invalid key length\nRangeError[ERR_CRYPTO_INVALID_SCRYPT_PARAMS]: Invalid scrypt params: error:030000AC:digital envelope routines::memory limit exceeded\n" +
				"TypeError[ERR_ILLEGAL_CONSTRUCTOR]: Illegal constructor\nTypeError[ERR_INVALID_THIS]: Value of \"this\" must be of type Hash\nError[ERR_FEATURE_UNAVAILABLE]: This hash cannot be copied\nundefined\ntrue\n",
		},
	})
}
