// What Node.js 24 documents and 20 lacks.
const show = f => { try { const v = f(); console.log(typeof v === 'string' ? v : JSON.stringify(v)); } catch (e) { console.log(e.name + ': ' + e.message); } };
show(() => ['Ab', 'aB', 'AB'].map(s => /(?i:a)b/.test(s)));
show(() => /(?-i:a)b/i.test('Ab') + ' ' + /(?s-m:^.$)/m.test('\n'));
show(() => /(?:(?<year>\d{4})-\d\d|\d\d-(?<year>\d{4}))/.exec('05-2024').groups.year);
show(() => '05-2024'.replace(/(?<y>\d{4})-(\d\d)|(\d\d)-(?<y>\d{4})/, '<$<y>>'));
show(() => new RegExp('(?<a>x)(?<a>y)'));
show(() => RegExp.escape('a.b*c/ d-e\n\u2028'));
show(() => RegExp.escape(5));
show(() => new RegExp('(?ii:a)'));
show(() => new RegExp('(?-:a)'));
