// The functions that judge filters.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

for (const topic of ['a', 'a/#', '#', 'a/#/b', 'a+', '+', '', '/']) log(topic, mqtt.validateTopic(topic));
log(mqtt.validateTopics(['a', 'b']), mqtt.validateTopics(['a', 'b#']), mqtt.validateTopics([]));
