// Shows what expressions give, so that Node.js and Dunlin can be compared line by line.
function text(v) {
  if (typeof v === 'string') return JSON.stringify(v);
  if (typeof v === 'bigint') return v + 'n';
  if (Object.is(v, -0)) return '-0';
  if (typeof v === 'symbol') return String(v);
  if (typeof v === 'function') return 'function ' + v.name;
  if (v === null || typeof v !== 'object') return String(v);
  if (Buffer.isBuffer(v)) return 'Buffer ' + v.toString('hex');
  if (v instanceof ArrayBuffer) return 'ArrayBuffer ' + Buffer.from(v).toString('hex');
  if (ArrayBuffer.isView(v)) return v.constructor.name + ' ' + Array.from(v).join();
  if (Array.isArray(v)) return '[' + v.map(text).join(', ') + ']';
  if (v instanceof Error) return failure(v);
  if (v instanceof Date) return 'Date ' + v.toJSON();
  const proto = Object.getPrototypeOf(v);
  const name = proto === null ? 'null ' : proto === Object.prototype ? '' : proto.constructor.name + ' ';
  return name + '{' + Object.keys(v).map(k => k + ': ' + text(v[k])).join(', ') + '}';
}

function failure(e) {
  return e.name + (e.code === undefined ? '' : '[' + e.code + ']') + ': ' + e.message;
}

function result(f) {
  try {
    return text(f());
  } catch (e) {
    return 'throws ' + (e instanceof Error ? failure(e) : text(e));
  }
}

// show prints each function's text and what it gives or throws.
module.exports = function show(...list) {
  for (const f of list) console.log(f.toString().replace(/^\(\) => /, '').replace(/\s+/g, ' ') + ' => ' + result(f));
};
module.exports.text = text;
module.exports.failure = failure;
