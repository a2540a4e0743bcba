// An iterator whose next is no function.
function show(f) { try { f(); print('fine'); } catch (e) { print(e.name); } }
const none = { [Symbol.iterator]() { return {}; } }, number = { [Symbol.iterator]() { return { next: 5 }; } };
show(() => { for (const x of none); });
show(() => { for (const x of number); });
show(() => { const [a] = none; });
show(() => { (([a]) => a)(number); });
show(() => [...none]);
show(() => { const [] = none; });
show(() => { for (const x of [1]); });
// prints:
// TypeError
// TypeError
// TypeError
// TypeError
// TypeError
// fine
// fine
