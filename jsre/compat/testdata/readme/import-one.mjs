// The import of one function.
import { connect } from 'mqtt';

const client = connect(process.env.BROKER);
client.on('connect', () => {
  console.log('connected', client.connected);
  client.end();
});
