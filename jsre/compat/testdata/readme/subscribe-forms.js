// A topic, an array of topics, and an object of topics.
const mqtt = require('mqtt');
const id = process.env.ID;
const client = mqtt.connect(process.env.BROKER);
client.subscribe(id + '/one', (err, granted) => console.log(err, granted));
client.subscribe([id + '/two', id + '/three'], { qos: 1 }, (err, granted) => console.log(err, granted));
client.subscribe({ [id + '/test1']: { qos: 0 }, [id + '/test2']: { qos: 1 } }, (err, granted) => {
  console.log(err, granted);
  client.unsubscribe([id + '/one', id + '/two'], (err) => {
    console.log(err);
    client.end();
  });
});
