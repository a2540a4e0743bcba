// The methods of Store.
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const store = new mqtt.Store();
log(store.put({ messageId: 7, cmd: 'publish', topic: 'a' }, done('put')) === store);
store.get({ messageId: 7 }, done('get'));
store.get({ messageId: 8 }, done('missing'));
store.del({ messageId: 7 }, done('del'));
store.del({ messageId: 7 }, done('del again'));
store.put({ messageId: 9 }, () => {});
store.createStream().on('data', done('data')).on('end', () => store.close(done('close')));
